"""One stream socket to the daemon, and every way in which it can fail, told as NoDaemon."""

import errno
import socket
from collections import deque
from pathlib import Path

import msgspec

from heartbeat.client.errors import NoDaemon, Refused
from heartbeat.wire import api
from heartbeat.wire.local import Malformed, Unpacker, pack

_ANOTHER = "--run-dir or HB_RUN_DIR names another node's directory."
_START = f"Is `hb run` running on this machine? {_ANOTHER}"
_SEE = "Is it busy ending? `hb journal` tells what it last did, and works without it."
_VERSION = "Is it of another version? Restart `hb run` after an upgrade."
_TOO_LONG = "Name a shorter directory with --run-dir or HB_RUN_DIR, here and for `hb run`."

_WHY_NOT = {
    errno.ENOENT: ("no such socket", _START),
    errno.ENOTDIR: ("no such socket", _START),
    errno.ECONNREFUSED: ("nobody listens; the socket is left over from a daemon that died", _START),
    errno.EACCES: ("permission denied", "Be root, or a member of the group that the daemon gives its socket to."),
    errno.EPERM: ("permission denied", "Be root, or a member of the group that the daemon gives its socket to."),
    errno.ENOTSOCK: ("this is no socket", _ANOTHER),
}

CHUNK_BYTES = 256 * 1024

_decoder = msgspec.msgpack.Decoder(api.Answer)
_encoder = msgspec.msgpack.Encoder()


class Connection:
    """Requests out, answers in, in order. Any failure closes it, for what would come next belongs to nobody."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        self.path = path
        self._unpacker = Unpacker()
        self._whole: deque[bytes] = deque()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self.close()
            raise self._no_daemon(error) from None

    def close(self) -> None:
        """Close the socket. What was asked for goes on without us."""
        self._socket.close()

    def send(self, request: api.Request, timeout_s: float | None) -> None:
        """Send one request; answers to it may take ``timeout_s`` each, for ever when None. Raises NoDaemon."""
        try:
            self._socket.settimeout(timeout_s)
            self._socket.sendall(pack(_encoder.encode(request)))
        except OSError as error:
            self.close()
            raise self._no_daemon(error) from None

    def write(self, message: bytes) -> None:
        """Send bytes that are framed already. Raises NoDaemon."""
        try:
            self._socket.settimeout(None)
            self._socket.sendall(message)
        except OSError as error:
            self.close()
            raise self._no_daemon(error) from None

    def read(self, timeout_s: float | None) -> bytes:
        """Return what has come; wait for it, but no longer than that. Empty: nothing came. Raises NoDaemon."""
        try:
            self._socket.settimeout(timeout_s)
            chunk = self._socket.recv(CHUNK_BYTES)
        except (BlockingIOError, TimeoutError):
            return b""
        except OSError as error:
            self.close()
            raise self._no_daemon(error) from None
        if not chunk:
            self.close()
            raise NoDaemon(self.path, "it hung up", _SEE)
        return chunk

    def fileno(self) -> int:
        """Return the socket's descriptor, for whoever waits for several things at once."""
        return self._socket.fileno()

    def take_in(self) -> None:
        """Read what has come, without waiting. Raises NoDaemon."""
        try:
            self._socket.settimeout(0)
            self._take(self._socket.recv(65536))
        except BlockingIOError:
            pass
        except OSError as error:
            self.close()
            raise self._no_daemon(error) from None
        except Malformed as error:
            self.close()
            raise self.not_understood(str(error)) from None

    def has_answer(self) -> bool:
        """Is there a whole answer that ``receive`` returns without waiting?"""
        return bool(self._whole)

    def receive(self) -> api.Answer:
        """Return the next answer; raises NoDaemon, and Refused when that is the answer."""
        try:
            while not self._whole:
                self._take(self._socket.recv(65536))
            answer: api.Answer = _decoder.decode(self._whole.popleft())
        except OSError as error:
            self.close()
            raise self._no_daemon(error) from None
        except (Malformed, ValueError, RecursionError) as error:
            self.close()
            raise self.not_understood(str(error)) from None
        if isinstance(answer, api.Refused):
            raise Refused(answer.text)
        return answer

    def not_understood(self, what: str) -> NoDaemon:
        """Return the error for an answer that is not of this protocol, or not to this question."""
        return NoDaemon(self.path, f"what listens there speaks something else ({what})", _VERSION)

    def _take(self, chunk: bytes) -> None:
        if not chunk:
            self.close()
            raise NoDaemon(self.path, "it hung up before it answered", _SEE)
        self._whole.extend(self._unpacker.feed(chunk))

    def _no_daemon(self, error: OSError) -> NoDaemon:
        return explained(self.path, error)


def explained(path: Path, error: OSError) -> NoDaemon:
    """Return what a failure of the socket means."""
    if isinstance(error, TimeoutError):
        # A local daemon answers within a few keepalives; one that does not is stopped, or starved.
        return NoDaemon(path, "it does not answer in time", "Is it stopped (SIGSTOP) or the machine starved?")
    if error.errno is None:
        return NoDaemon(path, f"{error}", _TOO_LONG)
    if error.errno in {errno.EPIPE, errno.ECONNRESET}:
        return NoDaemon(path, "it hung up before it answered", _SEE)
    cause, mend = _WHY_NOT.get(error.errno, (error.strerror or str(error), _START))
    return NoDaemon(path, cause, mend)
