"""Disks as files, and machines around them whose time the tests make."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from heartbeat_stonith_sbd.creation import Plan, create
from heartbeat_stonith_sbd.simulator import Machine

NODES = ("node1", "node10", "other")
PLAN = Plan(NODES, 0.4, 0.8, 0.02)
SIZE = 64 * 4096


@pytest.fixture
def make_disks(tmp_path: Path) -> Callable[..., list[str]]:
    """Make a set of so many disks; return their paths."""

    def make(count: int = 1, name: str = "disk", plan: Plan = PLAN) -> list[str]:
        paths = [tmp_path / f"{name}{number}" for number in range(count)]
        for path in paths:
            path.write_bytes(bytes(SIZE))
        create([str(path) for path in paths], plan, overwrite=False)
        return [str(path) for path in paths]

    return make


@pytest.fixture
def boot() -> Iterator[Callable[..., Machine]]:
    """Boot a machine with a receiver; all are switched off in the end."""
    machines: list[Machine] = []

    def make(disks: list[str], name: str = "node1", *, receives: bool = True, watchdog_s: float = 0.4) -> Machine:
        machine = Machine(name, disks, watchdog_s)
        machines.append(machine)
        if receives:
            machine.boot()
        return machine

    yield make
    for machine in machines:
        machine.close()
