"""Reservation keys: eight bytes for each node, from its name alone, so that every node knows everybody's."""

import hashlib
from collections.abc import Iterable

from heartbeat.plugin import BadConfig

MARK = b"HB"
"""The first two bytes of each key of ours, for a person who reads them on a storage: 4842..."""


def key_of(node: str) -> int:
    """Return a node's key, whatever the case of its name: the mark and 48 bits of the name's SHA-256."""
    digest = hashlib.sha256(b"heartbeat scsi key 1\0" + node.strip().lower().encode()).digest()
    return int.from_bytes(MARK + digest[:6], "big")


def check_keys(nodes: Iterable[str]) -> None:
    """Raises BadConfig when two nodes have one key: cutting the one off would cut the other off."""
    owners: dict[int, str] = {}
    for node in nodes:
        first = owners.setdefault(key_of(node), node.lower())
        if first != node.lower():
            raise BadConfig(f"{first} and {node} have one key, {key_of(node):#x}: give one of them another name")
