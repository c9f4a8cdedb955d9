"""Running somebody else's program from a plugin: its output is always drained, and its end never waits for EOF.

A service that a script starts inherits the script's stdout and stderr. Waiting for the end of these pipes would hang
for the service's whole life; closing them would kill the service with SIGPIPE at its next line. So the script's
exit decides, and a pipe that somebody still holds then is handed to a ``cat`` of its own, which reads it empty for as
long as it lasts and ends by itself.
"""

import contextlib
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from heartbeat.plugin.descendants import end_with_descendants
from heartbeat.plugin.errors import NotInstalled, TimedOut

KEPT_BYTES = 64 * 1024
"""Bytes of each stream that are kept by default, the newest; everything beyond is read and dropped."""
GIVEN_BYTES = 64 * 1024
"""Longest stdin: what a pipe holds (pipe(7)), so that handing it over never waits for a program that does not read."""

Heard = Callable[[str, bytes], None]
"""Called with ``stdout`` or ``stderr`` and each chunk as it comes."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended and what it said."""

    code: int
    """Exit status; the negative signal number when a signal ended it, as in ``subprocess``."""
    stdout: str
    stderr: str
    took_s: float


def run_program(
    argv: Sequence[str],
    environment: Mapping[str, str],
    *,
    timeout_s: float | None = None,
    heard: Heard | None = None,
    kept_bytes: int = KEPT_BYTES,
    given: bytes = b"",
) -> Ended:
    """Run a program to its end, in ``/``, in our own process group, and return what came of it.

    ``given`` is its stdin, at most GIVEN_BYTES: nobody sees it, unlike arguments. ``timeout_s``: after that many
    seconds the program and all that descend from it get SIGKILL and TimedOut is raised; None leaves time to the
    executor, which ends the whole process group. Raises NotInstalled when the program cannot be executed.
    """
    started_s = time.monotonic()
    sys.stdout.flush()
    if len(given) > GIVEN_BYTES:
        raise ValueError(f"{argv[0]} cannot be given {len(given)} bytes; {GIVEN_BYTES} at most")
    stdin = subprocess.PIPE if given else subprocess.DEVNULL
    try:
        process = subprocess.Popen(
            argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd="/"
        )
    except OSError as wrong:
        raise NotInstalled(f"{argv[0]} cannot be executed: {wrong.strerror}") from wrong
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError), process.stdin as pipe:  # it has ended without reading
            pipe.write(given)
    streams = _Streams(process, heard, kept_bytes)
    try:
        code = streams.follow(None if timeout_s is None else started_s + timeout_s)
    except subprocess.TimeoutExpired:
        end_with_descendants(process.pid)
        process.wait()
        raise TimedOut(f"{argv[0]} did not end within {timeout_s:g} s") from None
    finally:
        streams.leave()
    return Ended(code, streams.text("stdout"), streams.text("stderr"), time.monotonic() - started_s)


class _Streams:
    """Both pipes of one process, and its pidfd, in one selector."""

    def __init__(self, process: "subprocess.Popen[bytes]", heard: Heard | None, kept_bytes: int) -> None:
        self._process = process
        self._heard = heard
        self._kept_bytes = kept_bytes
        self._texts = {"stdout": bytearray(), "stderr": bytearray()}
        self._open: dict[int, str] = {}
        self._selector = selectors.DefaultSelector()
        self._pidfd = os.pidfd_open(process.pid)
        self._selector.register(self._pidfd, selectors.EVENT_READ)
        assert process.stdout is not None
        assert process.stderr is not None
        for name, pipe in (("stdout", process.stdout), ("stderr", process.stderr)):
            os.set_blocking(pipe.fileno(), False)
            self._open[pipe.fileno()] = name
            self._selector.register(pipe.fileno(), selectors.EVENT_READ)

    def follow(self, deadline_s: float | None) -> int:
        """Read until the process ends, then what is there. Raises subprocess.TimeoutExpired."""
        while True:
            left_s = None if deadline_s is None else deadline_s - time.monotonic()
            if left_s is not None and left_s <= 0:
                raise subprocess.TimeoutExpired(self._process.args, 0)
            ready = [key.fd for key, _ in self._selector.select(left_s)]
            for fd in ready:
                if fd in self._open:
                    self._read(fd, at_most=16)
            if self._pidfd in ready:
                code = self._process.wait()
                for fd in list(self._open):
                    self._read(fd, at_most=256)
                return code

    def _read(self, fd: int, at_most: int) -> None:
        """Read what is there, in at most so many chunks: a service that never stops talking must not hold us."""
        for _ in range(at_most):
            try:
                chunk = os.read(fd, 65536)
            except BlockingIOError:
                return
            if not chunk:
                self._selector.unregister(fd)
                del self._open[fd]
                return
            name = self._open[fd]
            self._texts[name] += chunk
            del self._texts[name][: -self._kept_bytes]
            if self._heard:
                self._heard(name, chunk)

    def leave(self) -> None:
        """Hand pipes that somebody still holds to a reader of their own and close ours."""
        for fd in self._open:
            with contextlib.suppress(OSError):  # no cat here: the service loses its stdout, nothing else
                os.set_blocking(fd, True)
                subprocess.Popen(
                    ["cat"], stdin=fd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
                ).returncode = 0  # nobody waits for it here; the executor reaps
        self._selector.close()
        os.close(self._pidfd)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def text(self, name: str) -> str:
        return self._texts[name].decode("utf-8", "replace")
