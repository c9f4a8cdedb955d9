"""Who may change things over the local API. Names became numbers before the daemon started: no look-up here waits."""

import socket
import struct

import msgspec

SO_PEERGROUPS = 59
"""asm-generic/socket.h, Linux 4.13: all groups of the peer, not just its first."""
_CREDENTIALS = struct.Struct("iII")
_OPTION_BYTES_MAX = 1024
"""What Python's getsockopt takes: 256 groups. Of a user in more than that, the first group alone counts."""


class Access(msgspec.Struct, frozen=True):
    """Numbers of the users and groups that may; everybody who can connect may read."""

    uids: frozenset[int]
    gids: frozenset[int]
    described: str
    """For the refusal: ``root, members of haclient``."""

    def allows(self, peer: "Peer") -> bool:
        return peer.uid in self.uids or not self.gids.isdisjoint(peer.gids)


class Peer(msgspec.Struct, frozen=True):
    """The process at the other end of a unix socket, as the kernel saw it connect."""

    pid: int
    uid: int
    gids: tuple[int, ...]

    @property
    def who(self) -> str:
        """For the journal: ``root``, ``uid 1000``."""
        return "root" if self.uid == 0 else f"uid {self.uid}"


def peer_of(connection: socket.socket) -> Peer:
    """Return who connected; raises OSError."""
    packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, gid = _CREDENTIALS.unpack(packed)
    try:
        groups = connection.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, _OPTION_BYTES_MAX)
    except OSError:
        groups = b""
    return Peer(pid, uid, (gid, *struct.unpack(f"{len(groups) // 4}I", groups)))
