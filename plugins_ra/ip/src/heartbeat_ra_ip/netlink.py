"""A blocking conversation with the kernel's routing tables (rtnetlink(7)), with pyroute2's messages.

The library's own sockets run an event loop each, which a child that lives for milliseconds pays dearly; one
request and its answers need a socket and a loop over the bytes.
"""

import errno
import os
import socket
import struct
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

from heartbeat.plugin import AccessDenied, PluginError, TimedOut

# linux/rtnetlink.h, linux/netlink.h
NEW_ADDRESS, DELETE_ADDRESS, GET_ADDRESS = 20, 21, 22
NEW_ROUTE, GET_ROUTE = 24, 26
CREATE, EXCLUSIVE, REPLACE = 0x400, 0x200, 0x100
_REQUEST, _ACKNOWLEDGE, _DUMP = 0x1, 0x4, 0x300
_DUMP_INTERRUPTED = 0x10
_ERROR, _DONE = 2, 3
_SOL_NETLINK, _STRICT_CHECK = 270, 12
HEADER = struct.Struct("=IHHII")
"""Length, type, flags, sequence number, port."""
ANSWER_WITHIN_S = 5.0
BUFFER_BYTES = 1 << 18


class Netlink:
    """One socket. Requests are answered in order; nothing else is ever read."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.settimeout(ANSWER_WITHIN_S)
        # The kernel then filters dumps itself; older ones than 4.20 send more, which is filtered here anyway.
        try:
            self._socket.setsockopt(_SOL_NETLINK, _STRICT_CHECK, 1)
        except OSError as error:
            if error.errno != errno.ENOPROTOOPT:
                raise
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def change(self, request: int, flags: int, message: Any) -> None:
        """Have one thing changed. Raises OSError with the kernel's error number, TimedOut, or AccessDenied."""
        message["header"]["type"] = request
        message["header"]["flags"] = _REQUEST | _ACKNOWLEDGE | flags
        message["header"]["sequence_number"] = self._number + 1
        message.encode()
        self._exchange(bytes(message.data))

    def replay(self, request: int, flags: int, payload: bytes) -> None:
        """Have one thing made as an earlier dump described it, without the header. Raises as ``change``."""
        self._exchange(
            HEADER.pack(HEADER.size + len(payload), request, _REQUEST | _ACKNOWLEDGE | flags, self._number + 1, 0)
            + payload
        )

    def dump(self, request: int, message: Any, worth: Callable[[bytes], bool]) -> list[bytes]:
        """Return all answers, headers included, that are worth decoding; judged by their payload."""
        message["header"]["type"] = request
        message["header"]["flags"] = _REQUEST | _DUMP
        for _ in range(10):
            message["header"]["sequence_number"] = self._number + 1
            message.reset()
            message.encode()
            whole, answers = self._collect(bytes(message.data), worth)
            if whole:
                return answers
        raise PluginError("the kernel's tables change too fast to be read; is something adding routes in a loop?")

    def _collect(self, request: bytes, worth: Callable[[bytes], bool]) -> tuple[bool, list[bytes]]:
        """Return whether the dump is consistent, and the answers."""
        answers: list[bytes] = []
        whole = True
        self._send(request)
        for kind, flags, answer in self._answers():
            whole = whole and not flags & _DUMP_INTERRUPTED
            if kind == _DONE:
                break
            if kind == _ERROR:
                raise _error(answer)
            if worth(answer[HEADER.size :]):
                answers.append(answer)
        return whole, answers

    def _exchange(self, request: bytes) -> None:
        self._send(request)
        for kind, _, answer in self._answers():
            if kind == _ERROR:
                if (error := _error(answer)).errno:
                    raise error
                return

    def _send(self, request: bytes) -> None:
        self._number += 1
        self._socket.send(request)

    def _answers(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield type, flags and bytes of each answer to the latest request."""
        while True:
            try:
                data = self._socket.recv(BUFFER_BYTES)
            except TimeoutError:
                raise TimedOut(f"the kernel did not answer within {ANSWER_WITHIN_S:g} s over netlink") from None
            at = 0
            while at < len(data):
                length, kind, flags, number, _ = HEADER.unpack_from(data, at)
                if number == self._number:
                    yield kind, flags, data[at : at + length]
                at += (length + 3) & ~3


def _error(answer: bytes) -> OSError:
    (negative,) = struct.unpack_from("=i", answer, HEADER.size)
    if -negative == errno.EPERM:
        raise AccessDenied("not allowed to change addresses; that needs root or the capability CAP_NET_ADMIN")
    return OSError(-negative, os.strerror(-negative) if negative else "")
