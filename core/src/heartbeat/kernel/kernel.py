"""The kernel: one node's whole mind, composed of its parts."""

from collections.abc import Mapping

import msgspec

from heartbeat.kernel.effects import Effect
from heartbeat.kernel.events import Event
from heartbeat.model.cluster import Cluster
from heartbeat.model.names import Nid
from heartbeat.model.status import ClusterStatus


class Birth(msgspec.Struct, frozen=True):
    """What a kernel is born with besides the cluster."""

    me: Nid
    incarnation: int
    """Already durable: stored before the first frame leaves."""
    session: bytes
    """8 random bytes."""
    boot_id: str
    links: tuple[str, ...]
    """Names, in the order of link indexes."""
    stored: Mapping[str, bytes]
    """Everything persisted by earlier lives of this node."""
    seed: int = 0
    """Of the only source of chance in the kernel."""


class Kernel:
    """``step`` is the whole interface; ``status`` only looks. The first event must be Wake."""

    def __init__(self, cluster: Cluster, birth: Birth) -> None:
        self._cluster = cluster
        self._birth = birth

    def step(self, now_s: float, event: Event) -> list[Effect]:
        """Return what to do, in order, because of one event at one monotonic time."""
        raise NotImplementedError

    def status(self, now_s: float) -> ClusterStatus:
        """Return what is true now; changes nothing."""
        raise NotImplementedError
