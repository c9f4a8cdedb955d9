"""The executor's end of the guard: forks it, forks it again when it dies, and tells it what runs here."""

import contextlib
import logging
import os
import select
import selectors
import signal
import socket
import time
from collections.abc import Callable

import msgspec

from heartbeat.executor.guard import MESSAGE_MAX, End, Follow, Release, Told, Watch, become_guard
from heartbeat.executor.ledger import Ledger
from heartbeat.executor.loader import Loader
from heartbeat.executor.permission import Permission
from heartbeat.plugin import ResourceAgent
from heartbeat.wire.executor import Armed, Protected, Run

GUARD = "guard"
"""Its name in the ledger."""
SENDS_MAX_BYTES = 1 << 20
"""Of messages that a guard has not read yet."""
STILL_S = 0.5
"""A real-time process reads within milliseconds."""
NOTHING_UNREAD = (0.0, -1.0)

_log = logging.getLogger("heartbeat.executor")
_decode: Callable[[bytes], Protected | Armed] = msgspec.msgpack.Decoder(Protected | Armed).decode


class Guarding:
    """Which resources are watched, and the process that does it. ``told`` gets what protects each of them."""

    def __init__(
        self,
        hold: socket.socket,
        loader: Loader,
        selector: selectors.BaseSelector,
        ledger: Ledger,
        told: Callable[[Protected | Armed], None],
        priority: int = 0,
        watchdog: tuple[str, int] = ("", 0),
    ) -> None:
        """``hold``: what ``link.hold_socket`` returned; ``priority``: of SCHED_RR, 0 for ordinary scheduling.

        ``watchdog``: as for ``become_guard``."""
        self.permission = Permission()
        self._hold, self._loader, self._selector = hold, loader, selector
        self._ledger, self._told, self._priority = ledger, told, priority
        self._watched: dict[str, Watch] = {}
        self.protection: dict[str, str] = {}
        """What the guard said last about each resource."""
        self._watchdog = watchdog
        self.armed: Armed | None = None
        """What the guard said last about the watchdog."""
        self._pid = 0
        self._control: socket.socket | None = None
        self._words = select.poll()
        self._words.register(hold, select.POLLIN)
        self._unread = NOTHING_UNREAD
        """Since when a word of the daemon lies unread, and the permission that the guard had taken in by then."""

    def start(self) -> None:
        """Fork the guard unless it lives. After plugins were imported: they come along."""
        if self._pid:
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            become_guard(self._hold, theirs, self.permission, self._make, self._priority, self._watchdog)
        theirs.close()
        ours.settimeout(0)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENDS_MAX_BYTES)
        self._pid, self._control = pid, ours
        # An executor that takes our place ends it, and only it.
        self._ledger.enter(pid, GUARD, GUARD, is_tail=True)
        self._selector.register(ours, selectors.EVENT_READ, self._hear)
        for watch in self._watched.values():
            self._send(watch)

    def _make(self, plugin: str, params: dict[str, str]) -> ResourceAgent:
        return self._loader.agent(plugin, params)

    def reaped(self, pid: int) -> bool:
        """Is this the guard's end? Then there is a new one already, which holds what is still permitted."""
        if pid != self._pid:
            return False
        self._gone()
        self.start()
        return True

    def look(self) -> None:
        """Replace a guard that stands still: what lay unread for STILL_S is not taken in yet.

        Called about once a second. Each word of the daemon is another permission, so a guard that is only met with a
        fresh word in front of it, look after look, is left alone.
        """
        now_s, until_s = time.monotonic(), self.permission.until_s
        seen_s, seen_until_s = self._unread
        if not (self._pid and self._words.poll(0)):
            self._unread = NOTHING_UNREAD
        elif until_s != seen_until_s:
            self._unread = (now_s, until_s)
        elif now_s - seen_s >= STILL_S:
            _log.error("the guard stands still: it is ended, and another one takes its place")
            self._unread = NOTHING_UNREAD
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)

    def _gone(self) -> None:
        self._ledger.strike(self._pid)
        self._pid = 0
        if self._control is not None:
            self._selector.unregister(self._control)
            self._control.close()
            self._control = None

    def end(self) -> None:
        """The executor ends in order. A guard that still watches something goes on until all of it is silent."""
        if not self._watched:
            self._send(End())

    # What happens to resources

    def watch(self, request: Run) -> None:
        """A resource runs here, or is about to. One that cannot fall silent by itself is nothing to the guard."""
        agent = self._loader.loaded("ra", request.plugin)
        if request.kind != "ra" or agent is None or not issubclass(agent, ResourceAgent) or not agent.can_hold():
            return
        watch = Watch(request.subject, request.plugin, request.params)
        if self._watched.get(request.subject) != watch:
            self._watched[request.subject] = watch
            self._send(watch)

    def release(self, subject: str) -> bool:
        """It is being stopped: its last hold may run out. Returns whether it was watched."""
        if self._watched.pop(subject, None) is None:
            return False
        self.protection.pop(subject, None)
        self._send(Release(subject))
        return True

    def follow(self, subject: str, pid: int) -> None:
        """This process announces the resource; it ends with the silence."""
        if subject in self._watched:
            self._send(Follow(subject, pid))

    # The line

    def _send(self, message: Told) -> None:
        if self._control is None:
            return
        try:
            self._control.send(msgspec.msgpack.encode(message))
        except OSError:
            # It is gone (its end is reaped and a new one told everything), or it has stood still for thousands of
            # messages: a new one knows more.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)

    def _hear(self) -> None:
        assert self._control is not None
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while message := self._control.recv(MESSAGE_MAX):
                said = _decode(message)
                if isinstance(said, Armed):
                    self.armed = said
                    self._told(said)
                elif said.subject in self._watched:
                    self.protection[said.subject] = said.how
                    self._told(said)
            # End of file: its end is reaped in a moment; until then the selector must not spin.
            self._selector.unregister(self._control)
            self._control.close()
            self._control = None
