"""Simulated watchdogs: each a timer of its own, which resets its machine whatever the machine's clock and daemon do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heartbeat.kernel import effects as fx
from heartbeat.kernel import events as ev
from heartbeat.model.names import Nid

if TYPE_CHECKING:
    from heartbeat.sim.world import Node, World

OPENING_S = 0.005
"""Until the daemon is told that the device was opened."""
REBOOT_S = 0.5
"""From a reset until the daemon starts, as after a switch's ON."""


class ResetTimers:
    """One for each machine; it runs from the first feeding until it is disarmed, fires, or the power goes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._timeout_s = world.cluster.watchdog_s
        self._fed: dict[Nid, int] = {}
        """The number of each running timer's last feeding."""
        self._number = 0
        self.resets = 0

    def born(self, nid: Nid) -> None:
        """A daemon's new life is told of a device that runs, as its executor does."""
        if nid in self._fed:
            self._tell(nid)

    def feed(self, node: Node, effect: fx.Feed) -> None:
        if node.clock.read(self._world.now_s) > effect.until_s:
            return
        if node.nid not in self._fed:
            self._tell(node.nid)
        self._number += 1
        number = self._fed[node.nid] = self._number
        self._world.at(self._timeout_s, lambda: self._fire(node.nid, number))

    def stop(self, nid: Nid) -> None:
        """It is disarmed, or the machine has lost its power."""
        self._fed.pop(nid, None)

    def _tell(self, nid: Nid) -> None:
        event = ev.WatchdogKnown("simulated", self._timeout_s)
        kernel = self._world.nodes[nid].kernel
        self._world.at(
            OPENING_S, lambda: self._world.step(nid, event) if self._world.nodes[nid].kernel is kernel else None
        )

    def _fire(self, nid: Nid, number: int) -> None:
        if self._fed.get(nid) != number:
            return
        self.resets += 1
        world = self._world
        world.crash(nid)
        if world.machines.boots_again:
            world.at(REBOOT_S, lambda: None if world.machines.powered[nid] else world.start(nid))
