"""The daemon's word to the executor's guard: a datagram or two with each beat, sent and forgotten."""

import contextlib
import socket
from pathlib import Path

from heartbeat.daemon.log import Log
from heartbeat.kernel import effects
from heartbeat.wire.hold import Disarm, Feed, Hold, Word, encode_word


class HoldLine:
    """Never waits: a guard that does not read is one that mutes, and the next beat says it again."""

    def __init__(self, path: Path, log: Log) -> None:
        self._path = str(path)
        self._log = log
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(0)

    def say(self, effect: effects.Hold) -> None:
        self._send(Hold(effect.until_s, effect.muted))

    def feed(self, effect: effects.Feed) -> None:
        self._send(Feed(effect.until_s))

    def disarm(self) -> None:
        self._send(Disarm())

    def _send(self, word: Word) -> None:
        said = encode_word(word)
        try:
            self._socket.send(said)
        except BlockingIOError:
            return  # ten wait unread: the executor imports, or its guard stands still
        except OSError:  # not connected yet, or to a socket that is no more
            self._connect(said)

    def _connect(self, said: bytes) -> None:
        """To look up a path with each beat is a third of what saying it costs to a process that comes from sleep."""
        try:
            self._socket.connect(self._path)
            self._socket.send(said)
        except BlockingIOError:
            return
        except OSError as wrong:
            self._log.seldom("hold", f"the guard cannot be reached at {self._path}: {wrong.strerror}")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()
