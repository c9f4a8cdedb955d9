"""The options that say which node of this machine is meant; every command that needs one takes all three."""

import functools
from collections.abc import Callable
from typing import Any

import click

from heartbeat.model.places import places

_OPTIONS = (
    click.option("--config", metavar="DIR", help="The node's configuration. [HB_CONFIG, else /etc/ha.d]"),
    click.option("--state", metavar="DIR", help="The node's state and journal. [HB_STATE, else /var/lib/heartbeat]"),
    click.option("--run-dir", metavar="DIR", help="The node's sockets. [HB_RUN_DIR, else /run/heartbeat]"),
)


def with_places(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--config``, ``--state`` and ``--run-dir``, and hand it, first, the Places that they name."""

    @functools.wraps(command)
    def entry(config: str | None, state: str | None, run_dir: str | None, **others: Any) -> None:
        command(places(config, state, run_dir), **others)

    for option in reversed(_OPTIONS):
        option(entry)
    return entry
