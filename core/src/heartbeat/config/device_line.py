"""One line of ha.cf that has a sense as a STONITH device."""

from collections.abc import Sequence
from dataclasses import dataclass

from heartbeat.config.cluster_config import DeviceConfig
from heartbeat.config.finding import Place
from heartbeat.model.names import NodeName


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """One line that has a sense: a device, who may use it, and what it can switch."""

    config: DeviceConfig
    driver: NodeName | None
    """The node that may use it; None: every node."""
    place: Place
    holds_secret: bool = False
    itself_only: bool = False
    """Whoever uses it switches itself off with it, whatever other nodes the line is for."""
    resets_itself: bool = False
    """The watchdog of the node that it fences carries it out."""

    def usable_by(self, node: NodeName) -> bool:
        return self.driver in (None, node)

    def could_fence(self, target: NodeName, nodes: Sequence[NodeName]) -> bool:
        """Could some node other than the target switch the target off with it?"""
        reaches = not self.itself_only and (not self.config.hosts or target in self.config.hosts)
        return reaches and any(node != target and self.usable_by(node) for node in nodes)
