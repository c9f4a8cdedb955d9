"""The frame: a header in clear, authenticated, and a sealed payload.

Offset  Size  Field
0       2     magic ``hb``
2       1     version of this layout, 1
3       1     key number (authkeys), so that keys can be rotated without losing a beat
4       8     cluster id: BLAKE2b of the cluster's name
12      8     sender: BLAKE2b of the node's name
20      8     incarnation, big-endian
28      8     session: random at each start of the daemon
36      8     sequence, big-endian, from 1; one counter for all frames of an incarnation
44            sealed payload
"""

import hashlib
import struct

import msgspec

MAGIC = b"hb"
VERSION = 1
_LAYOUT = struct.Struct("!2sBB8s8sQ8sQ")
HEADER_BYTES = _LAYOUT.size


class Garbled(Exception):
    """Not a frame of ours, or not whole."""


class Header(msgspec.Struct, frozen=True):
    """What a frame says about itself before it is opened."""

    key_number: int
    cluster: bytes
    sender: bytes
    incarnation: int
    session: bytes
    sequence: int

    def encode(self) -> bytes:
        """Return the 44 bytes."""
        return _LAYOUT.pack(
            MAGIC,
            VERSION,
            self.key_number,
            self.cluster,
            self.sender,
            self.incarnation,
            self.session,
            self.sequence,
        )


def decode_header(frame: bytes) -> Header:
    """Return the header of a frame; raises Garbled."""
    if len(frame) < HEADER_BYTES:
        raise Garbled(f"{len(frame)} bytes are too short for a frame")
    magic, version, key_number, cluster, sender, incarnation, session, sequence = _LAYOUT.unpack_from(frame)
    if magic != MAGIC:
        raise Garbled("no heartbeat frame")
    if version != VERSION:
        raise Garbled(f"frame layout {version}, this node speaks {VERSION}")
    return Header(key_number, cluster, sender, incarnation, session, sequence)


def short_id(name: str) -> bytes:
    """Return the 8 bytes that stand for a cluster's or node's name in frames."""
    return hashlib.blake2b(name.encode(), digest_size=8).digest()
