"""Everything that a process of this node needs to start, worked out beforehand where look-ups may wait."""

import msgspec

from heartbeat.config.cluster_config import ClusterConfig
from heartbeat.daemon.access import Access
from heartbeat.daemon.keyring import Keys


class Identity(msgspec.Struct, frozen=True):
    """A user, as numbers."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str = "/"


class ClientPlan(msgspec.Struct, frozen=True):
    """A program to keep running."""

    user: Identity
    argv: tuple[str, ...]
    failfast: bool


class NodePlan(msgspec.Struct, frozen=True):
    """Made in a process of its own that is then thrown away, with all that it imported."""

    config: ClusterConfig
    keys: Keys
    media: tuple[str, ...]
    """Where each medium's class is (``module:class``), in the order of the configuration."""
    access: Access
    identity: Identity | None
    """Whom the daemon becomes; None: it stays who it is."""
    admin_gid: int | None
    clients: tuple[ClientPlan, ...]
    drivers: tuple[tuple[str, str, str], ...] = ()
    """Kind, name and place of each agent, device and tie-breaker that an import gives."""
    plugins: str = ""
    """Fingerprint of what the configuration uses, for the other nodes."""
