"""What a checker is: one law, the observations it wants, and the sentences it writes when the law is broken."""

from typing import Any, ClassVar

import msgspec

from heartbeat.model.cluster import Cluster
from heartbeat.model.view import Standing
from heartbeat.sim.observation import Observation

MAY_ACT = (Standing.PRIMARY, Standing.PENDING)
"""Who may fence and take; said here anew, for ``Standing.may_act`` is among what is judged."""
KEPT = 5
"""Violations kept by one checker in one run: the first explain, the rest repeat."""


class Setting(msgspec.Struct, frozen=True):
    """What a checker may know of the run beforehand."""

    cluster: Cluster
    amnesiacs: tuple[int, ...] = ()
    """Nodes that lose their disk in this run: what rests on a memory does not bind them."""


class Checker:
    """Sees observations in order of true time."""

    law: ClassVar[str]
    says: ClassVar[str]
    sees: ClassVar[tuple[type, ...]]

    def __init__(self, setting: Setting) -> None:
        self.cluster = setting.cluster
        self.setting = setting
        self.violations: list[str] = []

    def see(self, observation: Observation) -> None:
        raise NotImplementedError

    def broken(self, observation: Any, text: str) -> None:
        if len(self.violations) < KEPT:
            self.violations.append(f"{observation.at_s - 1000:.3f} s: {text}")

    def name(self, nid: int) -> str:
        return self.cluster.nodes[nid]

    def shares_data(self, group: str) -> bool:
        return any(each.shares_data for each in self.cluster.groups if each.name == group)
