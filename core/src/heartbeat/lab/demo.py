"""The demonstration: two nodes, one service, one pulled plug, and the way back."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from heartbeat.lab import hb
from heartbeat.lab.client import fetching
from heartbeat.lab.control import LabError
from heartbeat.lab.demo_story import NoStory, Setting, Story, story_of
from heartbeat.lab.lab import Lab
from heartbeat.lab.outage import outage_after
from heartbeat.lab.plan import Media

CLUSTER = Path(__file__).with_name("demo_cluster")
PORT = 80
INTERVAL_S = 0.005
"""Between two requests of the client."""
DEADTIME_S = 1.0
"""As in the cluster's ha.cf."""
RETURN_S = 20.0
"""Longest wait for the node that lost its power to be a member again."""

Tell = Callable[[str], None]
"""Takes one line that says what goes on."""


@contextlib.contextmanager
def demonstration(registry: Media, name: str, *, keep: bool = False) -> Iterator[Lab]:
    """Put the cluster up, and take it down whatever happens, unless it is to be kept and nothing went wrong."""
    lab = Lab.up(CLUSTER, registry, name=name)
    try:
        yield lab
    except BaseException:
        lab.down()
        raise
    if not keep:
        lab.down()


def play(lab: Lab, tell: Tell) -> Story:
    """Pull the plug of the node that serves, wait for the service, and bring it back. Raises LabError."""
    address = lab.plan.services[0].address
    with fetching(lab, address, PORT, INTERVAL_S) as watch:
        first = hb.holder(lab)
        outage_after(watch, time.monotonic())
        (second,) = (node for node in lab.plan.nodes if node != first)
        tell(f"{first} serves http://{address}/, {second} stands by; a client asks every {INTERVAL_S * 1000:g} ms")
        pulled_s = lab.crash(first)
        tell(f"{first}'s plug is pulled")
        failover = outage_after(watch, pulled_s)
        tell(f"{second} serves; {first} is switched on again and joins")
        setting = Setting(first, second, DEADTIME_S, INTERVAL_S)
        _returned(lab, first)
        entries, operations = hb.journal(lab, second), hb.operations(lab, second)
        tell(f"{second} goes to standby: the service moves back as planned")
        switchover = outage_after(watch, hb.standby(lab, second))
        tell(f"{first} serves again")
    try:
        return story_of(setting, pulled_s, failover, switchover, entries, operations)
    except NoStory as wrong:
        raise LabError(f"the demonstration went otherwise than planned: {wrong}") from None


def _returned(lab: Lab, node: str) -> None:
    """Wait for the power switch's "on" to have done its work, then for the cluster to be whole."""
    hb.until(lambda: node if lab.node(node).powered else "", RETURN_S, f"{node} was not switched on again")
    hb.holder(lab, RETURN_S)
