"""Programs on real daemons talk: one order everywhere, long messages whole, nothing lost with the node that ordered."""

import contextlib
from collections.abc import Callable, Iterator

import pytest
from heartbeat.client import Company, Delivery, Event, Message, Program, program

from tests.system.cluster import ADDRESS, Cluster

COUNT = 300
LONG = bytes(range(256)) * 4096
"""1 MiB."""


@contextlib.contextmanager
def talking(cluster: Cluster, *nodes: str) -> Iterator[dict[str, Program]]:
    """A program on each of these nodes, all in one group."""
    with contextlib.ExitStack() as open_ones:
        made = {
            node: open_ones.enter_context(program(cluster.lab.root(node) / "run/heartbeat/api.sock", 30.0))
            for node in nodes
        }
        for each in made.values():
            each.join("g")
        yield made


def heard_until(me: Program, is_enough: Callable[[list[bytes]], bool]) -> list[bytes]:
    """Return what a program gets, up to when that is enough."""
    bodies: list[bytes] = []
    while not is_enough(bodies):
        event = me.receive(30.0)
        assert event is not None, f"nothing more came after {len(bodies)} messages"
        bodies += [event.body] if isinstance(event, Message) else []
    return bodies


def company_without(me: Program, node: str) -> tuple[Company, list[bytes]]:
    """Wait until a node is out of the group; return the company, and what was said before."""
    bodies: list[bytes] = []
    while True:
        event: Event | None = me.receive(30.0)
        assert event is not None, f"{node} stays in the group"
        if isinstance(event, Message):
            bodies.append(event.body)
        elif event.is_primary and node not in {sender.node for sender in event.members}:
            return event, bodies


@pytest.fixture
def cluster(up: Callable[..., Cluster]) -> Cluster:
    made = up(f"node1 {ADDRESS}\n")
    made.until_members("node1", "node2")
    made.until_runs(ADDRESS, "node1")
    made.until_decided("node2", "device.ready")
    return made


def test_both_get_everything_in_one_order_and_the_rest_after_the_crash_of_who_gave_it(cluster: Cluster) -> None:
    with talking(cluster, "node1", "node2") as programs:
        for number in range(COUNT):
            for node, each in programs.items():
                each.say("g", f"{node} {number}".encode())
        for each in programs.values():
            each.flush()
        heard = [heard_until(each, lambda bodies: len(bodies) == 2 * COUNT) for each in programs.values()]
        assert heard[0] == heard[1]
        assert sorted(heard[0]) == sorted(f"{node} {n}".encode() for node in programs for n in range(COUNT))

        programs["node1"].say("g", LONG, Delivery.AGREED)
        programs["node1"].flush()
        assert [heard_until(each, bool) for each in programs.values()] == [[LONG], [LONG]]

        cluster.lab.crash("node1")
        survivor = programs["node2"]
        survivor.say("g", b"alone")
        company, before = company_without(survivor, "node1")
        assert (company.members, company.has_gap) == ((survivor.me,), False)
        assert before + heard_until(survivor, lambda bodies: b"alone" in before + bodies) == [b"alone"]
