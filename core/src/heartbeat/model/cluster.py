"""The cluster as the kernel needs to know it: names, timers, groups, policies. No path, no socket, no secret."""

import enum
import hashlib

import msgspec

from heartbeat.model.electorate import Electorate
from heartbeat.model.group import Group
from heartbeat.model.names import Nid, NodeName


class Timers(msgspec.Struct, frozen=True):
    """Seconds. Defaults and rules: heartbeat 3.0.6 (``ha.cf``); deadtime must exceed twice the keepalive."""

    keepalive_s: float = 1.0
    warntime_s: float = 15.0
    deadtime_s: float = 30.0
    initdead_s: float = 30.0


class Failback(enum.Enum):
    """What happens when a group's home node is back (``auto_failback``)."""

    ON = "on"
    OFF = "off"
    LEGACY = "legacy"
    """As heartbeat before 1.2: home groups always come home, at once; no standby."""


class Cluster(msgspec.Struct, frozen=True):
    """What all nodes must agree on, and what the kernel is born with."""

    name: str
    nodes: tuple[NodeName, ...]
    """Sorted; a node's index here is its nid."""
    timers: Timers
    groups: tuple[Group, ...]
    failback: Failback = Failback.LEGACY
    fence_delay_s: float = 0.0
    """Holds back the off command only, and is cancelled by a beat."""
    has_device: tuple[NodeName, ...] = ()
    """Nodes that some configured STONITH device, anywhere, is meant to switch off."""
    asked_is_enough: bool = False
    """An acknowledged test device: its word alone counts as proof (``acknowledge test-stonith``)."""
    reset_after_off: bool = True
    """Switch a fenced node on again once it was read back as off (``stonith_action reset``)."""
    check_every_s: float = 0.0
    """How often all STONITH devices are looked at (``stonith_check``); 0: only when somebody asks."""
    electorate: Electorate = Electorate()
    """Who votes, from three nodes on."""
    watchdog_s: float = 0.0
    """The time-out of this node's own watchdog; 0: it has none. Other nodes may have another one, or none."""

    def nid(self, name: NodeName) -> Nid:
        """Return the node's nid; raises ValueError for a stranger."""
        return Nid(self.nodes.index(name))

    @property
    def nodes_digest(self) -> str:
        """Hex digest of the node list: nids are comparable only between nodes that have the same one."""
        return hashlib.blake2b("\n".join(self.nodes).encode(), digest_size=8).hexdigest()

    @property
    def digest(self) -> str:
        """Hex digest of all that must be alike on every node: node list, timers, groups and votes.

        Carried by each beat; a difference is alarmed at once and blocks planning, not beating.
        """
        alike = (self.name, self.nodes, self.timers, self.groups, self.failback, self.electorate)
        return hashlib.blake2b(msgspec.msgpack.encode(alike), digest_size=8).hexdigest()
