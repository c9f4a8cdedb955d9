"""Transactions with nf_tables over netlink: what one renewal of a hold costs must not be felt.

pyroute2 has these messages too, but only together with its sockets, event loops and all of its protocols (27 MB); a
renewal here is one packed message, sent and acknowledged in a tenth of a millisecond.
Layout: linux/netfilter/nfnetlink.h and linux/netfilter/nf_tables.h.
"""

import errno
import os
import socket
import struct
from collections.abc import Sequence
from typing import Self

from heartbeat.plugin import AccessDenied, TimedOut

# linux/netfilter/nf_tables.h, enum nf_tables_msg_types
NEW_TABLE, GET_TABLE, DELETE_TABLE = 0, 1, 2
NEW_CHAIN, NEW_RULE = 3, 6
NEW_SET = 9
NEW_ELEMENT, GET_ELEMENT, DELETE_ELEMENT = 12, 13, 14
GET_GENERATION = 16

NETDEV = 5
"""NFPROTO_NETDEV: chains that hang on one interface."""

_NETFILTER, _SUBSYSTEM = 12, 10
_BATCH_BEGIN, _BATCH_END, _BATCH_GENERATION = 16, 17, 1
_REQUEST, _ACKNOWLEDGE, _DUMP, _CREATE, _APPEND = 0x1, 0x4, 0x300, 0x400, 0x800
_ERROR, _DONE = 2, 3
_NESTED = 0x8000
_HEADER = struct.Struct("=IHHII")
_GENERAL = struct.Struct("!BBH")
ANSWER_WITHIN_S = 1.0


def attribute(kind: int, value: bytes) -> bytes:
    """Return one attribute, padded to four bytes (netlink(7))."""
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def number(kind: int, value: int) -> bytes:
    """Return an attribute of 32 bits in network order, as nf_tables wants them."""
    return attribute(kind, struct.pack("!I", value & 0xFFFFFFFF))


def text(kind: int, value: str) -> bytes:
    return attribute(kind, value.encode() + b"\0")


def nest(kind: int, *inner: bytes) -> bytes:
    return attribute(kind | _NESTED, b"".join(inner))


def attributes(data: bytes) -> list[tuple[int, bytes]]:
    """Return kind and value of the attributes that stand one after the other in a message's body."""
    found, at = [], 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        found.append((kind & ~_NESTED, data[at + 4 : at + length]))
        at += max((length + 3) & ~3, 4)
    return found


class Change:
    """One message of a transaction."""

    __slots__ = ("body", "flags", "kind")

    def __init__(self, kind: int, *body: bytes, creates: bool = False) -> None:
        self.kind = kind
        self.flags = _CREATE | _APPEND if creates else 0
        self.body = _GENERAL.pack(NETDEV, 0, 0) + b"".join(body)


class Batches:
    """One socket; each ``commit`` is one transaction: all of it, or nothing and an OSError."""

    def __init__(self) -> None:
        """Raises OSError where the kernel has no netfilter."""
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER)
        self._socket.settimeout(ANSWER_WITHIN_S)
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_socket"):  # a kernel without netfilter gave none
            self.close()  # whoever stops an address and forgets the agent means no harm

    def close(self) -> None:
        self._socket.close()

    def commit(self, changes: Sequence[Change], generation: bytes = b"") -> None:
        """Make all changes at once. ``generation``: only if nothing changed since it was read, else ERESTART.

        Raises OSError with the kernel's number, AccessDenied without CAP_NET_ADMIN, TimedOut.
        """
        first = self._number + 1
        condition = attribute(_BATCH_GENERATION, generation) if generation else b""
        message = self._packed(_BATCH_BEGIN, _REQUEST, _GENERAL.pack(0, 0, _SUBSYSTEM) + condition)
        for at, change in enumerate(changes, 1):
            flags = _REQUEST | change.flags | (_ACKNOWLEDGE if at == len(changes) else 0)
            message += self._packed(_SUBSYSTEM << 8 | change.kind, flags, change.body)
        last = self._number
        message += self._packed(_BATCH_END, _REQUEST, _GENERAL.pack(0, 0, _SUBSYSTEM))
        self._socket.send(message)
        self._await(first, last)

    def ask(self, change: Change, *, dump: bool = False) -> list[bytes]:
        """Return the answers to a question, without headers. Raises OSError (ENOENT: there is none) as ``commit``."""
        flags = _REQUEST | (_DUMP if dump else _ACKNOWLEDGE)
        self._socket.send(self._packed(_SUBSYSTEM << 8 | change.kind, flags, change.body))
        return self._await(self._number, self._number)

    def _packed(self, kind: int, flags: int, body: bytes) -> bytes:
        self._number += 1
        return _HEADER.pack(_HEADER.size + len(body), kind, flags, self._number, 0) + body

    def _await(self, first: int, last: int) -> list[bytes]:
        """Read until the last message of ours is answered for; the first error of them all is the one that counts."""
        answers: list[bytes] = []
        wrong = 0
        while True:
            for kind, sequence, body in self._received():
                if not first <= sequence <= last:
                    continue
                if kind == _ERROR:
                    wrong = wrong or -struct.unpack_from("=i", body)[0]
                if sequence == last and kind in (_ERROR, _DONE):
                    if wrong:
                        raise _error(wrong)
                    return answers
                if kind not in (_ERROR, _DONE):
                    answers.append(body)
                elif wrong and sequence == first and first != last:
                    raise _error(wrong)  # the transaction itself was refused: nothing else is answered

    def _received(self) -> list[tuple[int, int, bytes]]:
        try:
            data = self._socket.recv(1 << 17)
        except TimeoutError:
            raise TimedOut(f"nf_tables did not answer within {ANSWER_WITHIN_S:g} s") from None
        found, at = [], 0
        while at + _HEADER.size <= len(data):
            length, kind, _, sequence, _ = _HEADER.unpack_from(data, at)
            found.append((kind, sequence, data[at + _HEADER.size : at + length]))
            at += (length + 3) & ~3
        return found


def _error(number_: int) -> OSError | AccessDenied:
    if number_ in (errno.EPERM, errno.EACCES):
        return AccessDenied("not allowed to use nf_tables; that needs root or the capability CAP_NET_ADMIN")
    return OSError(number_, os.strerror(number_))
