"""The executor's loop: the daemon's connection, children, timers and signals in one selector."""

import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import replace

from heartbeat.executor.child import Birth
from heartbeat.executor.guarding import Guarding
from heartbeat.executor.ledger import Ledger
from heartbeat.executor.link import Link
from heartbeat.executor.operations import Heard, Operations
from heartbeat.executor.tokens import KeptTokens
from heartbeat.model.operation import Outcome, Result
from heartbeat.wire.executor import (
    Armed,
    Cancel,
    Finished,
    Go,
    Ping,
    Pong,
    Protected,
    Ready,
    Request,
    Run,
    Running,
    Warm,
)

LAST_WAIT_S = 2.0
"""At exit: longest wait for children that are answered and do not die."""


class Server:
    """One executor. ``listener`` brings daemons; a lone ``connection`` is served to its end (by hand)."""

    def __init__(
        self,
        birth: Birth,
        *,
        listener: socket.socket | None = None,
        connection: socket.socket | None = None,
        ledger: Ledger | None = None,
        heard: Heard | None = None,
        told: Callable[[Finished], None] | None = None,
        hold: socket.socket | None = None,
        priority: int = 0,
        tokens: KeptTokens | None = None,
        watchdog: tuple[str, int] = ("", 0),
    ) -> None:
        """``hold``: takes the daemon's word about the hold, guarded with this real-time ``priority`` (0: none).

        ``tokens``: which orders this machine has seen; None by hand, where nothing comes late.
        """
        self._tokens = tokens
        self._told = told
        self._is_leaving = False
        self._leave_by_s: float | None = None
        self._selector = selectors.DefaultSelector()
        self._guarding: Guarding | None = None
        if hold is not None and ledger is not None:
            self._guarding = Guarding(hold, birth.loader, self._selector, ledger, self._protected, priority, watchdog)
            birth = replace(birth, permission=self._guarding.permission)
        self._birth = birth
        self._operations = Operations(birth, self._selector, self._report, ledger, heard, self._guarding, tokens)
        self._link = Link(self._selector, self._greeting, self._take, self._operations.daemon_left)
        self._wake_r, self._wake_w = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._selector.register(self._wake_r, selectors.EVENT_READ, self._woken)
        self._listen_to_signals()
        self._serves_once = listener is None
        if listener is not None:
            self._link.accept_from(listener)
        if connection is not None:
            self._link.attach(connection)

    def run(self) -> None:
        """Serve until SIGTERM (or, with a lone connection, its end), and until what is under way has ended."""
        while not self._is_over():
            self._listen(self._patience_s())
            self._operations.tick(time.monotonic())
            if self._operations.has_turns:
                self._listen(0)  # it may be long since the first look, if we stood still
                self._operations.begin()
            if self._serves_once and not self._link.is_open:
                self._is_leaving = True
        if self._guarding is not None:
            self._guarding.end()

    def _listen(self, patience_s: float | None) -> None:
        """Wait so long for whatever comes, and take it."""
        for key, _ in self._selector.select(patience_s):
            # A handler may have closed what a later event of this round is about.
            if self._selector.get_map().get(key.fd) is key:
                key.data()

    def _is_over(self) -> bool:
        if not self._is_leaving:
            return False
        if self._operations.running():
            return False
        if self._operations.is_idle:
            return True
        if self._serves_once:
            return False  # by hand, announcements after a start go on to their end, and nobody waits for us
        self._leave_by_s = self._leave_by_s or time.monotonic() + LAST_WAIT_S
        return time.monotonic() >= self._leave_by_s

    def _patience_s(self) -> float | None:
        times = [at_s for at_s in (self._operations.next_timer_s(), self._leave_by_s) if at_s is not None]
        return max(0.0, min(times) - time.monotonic()) if times else None

    # The daemon

    def _greeting(self) -> list[Ready | Running | Protected | Armed]:
        armed = [self._guarding.armed] if self._guarding is not None and self._guarding.armed is not None else []
        protection = self._guarding.protection if self._guarding is not None else {}
        return [
            self._ready(),
            *self._operations.running(),
            *(Protected(*known) for known in protection.items()),
            *armed,
        ]

    def _protected(self, protected: Protected | Armed) -> None:
        if self._link.is_open:
            self._link.send(protected)

    def _ready(self) -> Ready:
        tokens, forgot = (self._tokens.highest, self._tokens.forgot) if self._tokens is not None else ({}, "")
        return Ready(os.getpid(), dict(self._birth.loader.broken), tokens, forgot)

    def _take(self, request: Request) -> None:
        match request:
            case Warm():
                self._birth.loader.warm(request.plugins)
                if self._tokens is not None:
                    self._tokens.told(request.tokens)
                if self._guarding is not None:
                    self._guarding.start()
                self._link.send(self._ready())
            case Run() if self._is_leaving:
                refusal = Result(Outcome.CANCELLED, "the executor ends")
                self._report(Finished(request.id, request.subject, request.action, refusal))
            case Run():
                self._operations.run(request)
            case Go():
                self._operations.go(request.id, request.token)
            case Ping():
                if self._guarding is not None:
                    self._guarding.look()
                self._link.send(Pong())
            case Cancel():
                self._operations.cancel(request.id)

    def _report(self, finished: Finished) -> None:
        self._link.send(finished)
        if self._told is not None:
            self._told(finished)

    # Signals

    def _listen_to_signals(self) -> None:
        """SIGCHLD and SIGTERM wake the loop through a pipe; a terminal's signals are none of ours."""
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(self._wake_w, warn_on_full_buffer=False)

    def _woken(self) -> None:
        numbers = os.read(self._wake_r, 4096)
        if signal.SIGTERM in numbers:
            self._is_leaving = True
            self._operations.finish_up()
        self._reap()

    def _reap(self) -> None:
        """Take in every child that has ended: ours, and orphans that we adopted."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self._guarding is not None and self._guarding.reaped(pid):
                continue
            self._operations.reaped(pid, status)
