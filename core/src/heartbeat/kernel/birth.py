"""What a kernel is born with besides the cluster."""

from collections.abc import Mapping

import msgspec

from heartbeat.model.names import Nid


class Birth(msgspec.Struct, frozen=True):
    """The facts of one life, gathered by the shell before the first step."""

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
    plugins: str = ""
    """Fingerprint of the plugins that this node uses; carried by beats and shown, never judged."""
    frame_bytes: int = 1400
    """Longest frame that every link takes."""
