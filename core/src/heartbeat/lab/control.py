"""How the commands talk to a lab's controller: one JSON line to ask, one to answer, over a unix socket.

A request is an object with ``op`` and its arguments; file descriptors may travel with it. The answer is an object
with ``ok``; when that is false, ``error`` is one sentence for a person.
"""

import array
import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LINE_MAX = 1 << 20
"""Longest line accepted, bytes."""

Message = dict[str, Any]
"""``Any`` ends here: both sides check what they read."""


class LabError(Exception):
    """The lab could not do it; the text is one line for a person."""


class NoLab(LabError):
    """No controller answers."""


def ask(path: Path, request: Message, fds: Sequence[int] = (), timeout_s: float | None = 120.0) -> Message:
    """Send one request and return the answer. Raises NoLab or LabError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            connection.connect(str(path))
            send(connection, request, fds)
            answer, _ = receive(connection)
        except TimeoutError:
            raise LabError(f"the lab did not finish {request.get('op')!r} within {timeout_s:g} s") from None
        except OSError as wrong:
            raise NoLab(f"no lab answers at {path}: {wrong.strerror}; start one with 'hb lab up DIR'") from None
    if answer is None:
        raise NoLab(f"the lab at {path} ended while it was asked for {request.get('op')!r}")
    if not answer.get("ok"):
        raise LabError(str(answer.get("error", "the lab gave no reason")))
    return answer


def send(connection: socket.socket, message: Message, fds: Sequence[int] = ()) -> None:
    """Send one message, with descriptors attached to its first byte."""
    line = json.dumps(message).encode() + b"\n"
    if not fds:
        connection.sendall(line)
        return
    attached = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
    sent = connection.sendmsg([line], attached)
    if sent < len(line):  # an empty send would fail when the answer is already there and the peer gone
        connection.sendall(line[sent:])


def receive(connection: socket.socket) -> tuple[Message | None, list[int]]:
    """Return one message and the descriptors that came with it; None at the end of the stream."""
    line = b""
    fds: list[int] = []
    while not line.endswith(b"\n"):
        chunk, more, _, _ = socket.recv_fds(connection, 65536, 8)
        fds += more
        if not chunk or len(line) > LINE_MAX:
            return None, fds
        line += chunk
    message = json.loads(line)
    if not isinstance(message, dict):
        raise LabError("expected one JSON object in one line")
    return message, fds
