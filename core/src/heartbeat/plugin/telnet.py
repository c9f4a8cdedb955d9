"""A telnet connection to a device: the text without the protocol's commands (RFC 854, 855).

Every option that the device offers or asks for is refused, once: a power switch works as a plain terminal.
"""

import contextlib
import random
import socket
import time
from collections.abc import Callable
from typing import TypeVar

from heartbeat.plugin.conversation import Conversation, HungUp
from heartbeat.plugin.errors import Unreachable

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
_REFUSAL = {WILL: DONT, DO: WONT}

PAUSE_S = (0.1, 0.4)
"""Between two attempts at a device that another session holds, by chance: two who wait must not meet again."""

_Session = TypeVar("_Session")


class TelnetLine:
    """Implements ``conversation.Line`` over a connected socket, which it closes."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._rest = b""
        self._refused: set[bytes] = set()

    def send(self, data: bytes) -> None:
        self._connection.sendall(data.replace(bytes([IAC]), bytes([IAC, IAC])))

    def receive(self, within_s: float) -> bytes:
        until_s = time.monotonic() + max(within_s, 0)
        while True:
            self._connection.settimeout(max(until_s - time.monotonic(), 0.001))
            piece = self._connection.recv(4096)
            text = self._plain(piece)
            if text or not piece:
                return text

    def close(self) -> None:
        self._connection.close()

    def _plain(self, piece: bytes) -> bytes:
        """Return the text in it. A command that is not whole yet is kept for the next piece."""
        heard, kept, at = self._rest + piece, bytearray(), 0
        while at < len(heard):
            size = _command_size(heard[at:]) if heard[at] == IAC else 1
            if not size:
                break
            if size == 1 or heard[at + 1] == IAC:
                kept.append(heard[at])
            else:
                self._refuse(heard[at : at + size])
            at += size
        self._rest = heard[at:]
        return bytes(kept)

    def _refuse(self, command: bytes) -> None:
        answer = _REFUSAL.get(command[1])
        if answer is not None and command not in self._refused:
            self._refused.add(command)
            with contextlib.suppress(OSError):  # whether the other end is there shows at the next reading
                self._connection.sendall(bytes([IAC, answer, command[2]]))


def _command_size(heard: bytes) -> int:
    """Return how long the command at the start is; 0 when its end has not come yet."""
    if len(heard) < 2:
        return 0
    if heard[1] == SB:
        return heard.find(bytes([IAC, SE])) + 2 if bytes([IAC, SE]) in heard else 0
    if heard[1] in (WILL, WONT, DO, DONT):
        return 3 if len(heard) >= 3 else 0
    return 2


def dial(host: str, port: int, *, answer_s: float, total_s: float) -> Conversation:
    """Return a conversation with the device at a host and TCP port. Raises Unreachable: nothing was said yet."""
    place = f"{host} port {port}"
    try:
        connection = socket.create_connection((host, port), answer_s)
    except TimeoutError:
        raise Unreachable(f"{place} does not answer within {answer_s:g} s") from None
    except OSError as wrong:
        raise Unreachable(f"{place} cannot be reached: {wrong.strerror or wrong}") from None
    return Conversation(TelnetLine(connection), place, answer_s=answer_s, total_s=total_s)


def log_in(
    dialled: Callable[[], Conversation], login: Callable[[Conversation], _Session], patience_s: float
) -> tuple[Conversation, _Session]:
    """Return a conversation that is logged in, and what ``login`` returned; the caller logs out and closes it.

    Most switches take one session and hang up on a further one: for ``patience_s`` seconds it is tried again. Raises
    Unreachable when it never worked, and whatever ``login`` raises: wrong credentials are tried once.
    """
    until_s = time.monotonic() + patience_s
    while True:
        conversation = dialled()
        try:
            return conversation, login(conversation)
        except HungUp:
            conversation.close()
            if time.monotonic() >= until_s:
                where = conversation.place
                raise Unreachable(f"{where} hangs up before the login is done: does another session hold it?") from None
            time.sleep(random.uniform(*PAUSE_S))  # noqa: S311 - no secret
        except BaseException:
            conversation.close()
            raise
