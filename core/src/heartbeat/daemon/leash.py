"""What supervisor and daemon say to each other, over a socketpair made before the fork; nobody else can join."""

import socket

import msgspec

from heartbeat.daemon.keyring import Keys

MESSAGE_MAX = 256 * 1024


class Leave(msgspec.Struct, frozen=True, tag="leave"):
    """Supervisor to daemon: leave the cluster in order, and end."""

    why: str


class NewKeys(msgspec.Struct, frozen=True, tag="keys"):
    """Supervisor to daemon: authkeys was read again."""

    keys: Keys


class Up(msgspec.Struct, frozen=True, tag="up"):
    """Daemon to supervisor: the local API answers and every link was tried."""


class ExecutorHung(msgspec.Struct, frozen=True, tag="hung"):
    """Daemon to supervisor: the executor does not answer; kill it, so that a new one can do its work."""


Message = Leave | NewKeys | Up | ExecutorHung

_decoder = msgspec.msgpack.Decoder(Message)


class Leash:
    """One end. Messages keep their borders; an end that is gone reads as None."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        end.settimeout(0)

    def fileno(self) -> int:
        return self._end.fileno()

    def close(self) -> None:
        self._end.close()

    def send(self, message: Message) -> bool:
        """Send one message; returns False when the other end is gone or full."""
        try:
            self._end.send(msgspec.msgpack.encode(message))
        except OSError:
            return False
        return True

    def receive(self) -> Message | None:
        """Return the next message, None when the other end is gone; raises BlockingIOError when there is none yet."""
        try:
            received = self._end.recv(MESSAGE_MAX)
        except ConnectionError:
            return None
        return _decoder.decode(received) if received else None


def leash_pair() -> tuple[Leash, Leash]:
    """Return both ends: the supervisor's, the daemon's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return Leash(ours), Leash(theirs)
