"""The process of hooks: learns facts from the daemon and the journal, and hands them to the listeners' seats.

One thread, one selector, and no wait for anybody: not for the daemon, which may be gone, and not for a listener.
"""

import contextlib
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence

from heartbeat.client.errors import NoDaemon, Refused
from heartbeat.client.watcher import Watcher
from heartbeat.config.hooks import HookConfig
from heartbeat.hooks.fact import Changes, Fact, status_fact
from heartbeat.hooks.journal_news import CannotRead, JournalNews
from heartbeat.hooks.seat import Limits, Seat
from heartbeat.hooks.words import Say
from heartbeat.model.places import Places

RECONNECT_S = 1.0
STATUS_S = 10.0
"""Between two statuses although nothing changed; one that was asked for and does not come for as long: no daemon."""
JOURNAL_S = 0.5
"""Between two looks into the journal."""
FAILED_S = 60.0
"""A listener's failure is told to the others at most so often."""
LEAVE_S = 2.0
"""For all children to close and end. The daemon's supervisor gives a client 5 s."""


class HookProcess:
    """All of it. ``run`` returns when SIGTERM or SIGINT came."""

    def __init__(
        self,
        where: Places,
        hooks: Sequence[HookConfig],
        say: Say,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        status_s: float = STATUS_S,
    ) -> None:
        self._where = where
        self._say = say
        self._every_s = status_s
        self._selector = selectors.DefaultSelector()
        self._seats = [Seat(hook, self._selector, say, self._seat_failed, limits) for hook in hooks]
        self._watcher: Watcher | None = None
        self._changes = Changes()
        self._journal = JournalNews(where.journal_db)
        self._connect_s = self._status_s = self._journal_s = 0.0
        self._answer_s = float("inf")
        self._failed_s: dict[str, float] = {}
        self._last_said: dict[str, str] = {}
        self._ending = False

    def run(self) -> None:
        """Listen and tell until a signal comes; then let every listener close."""
        with _signals(self._selector, self._end):
            while not self._ending:
                self._turn()
            self._leave()

    def _turn(self) -> None:
        now_s = time.monotonic()
        self._look_at_daemon(now_s)
        if now_s >= self._journal_s:
            self._journal_s = now_s + JOURNAL_S
            self._read_journal()
        self._wait([self._connect_s, self._status_s, self._journal_s, self._answer_s])

    def _wait(self, also_s: list[float]) -> None:
        """Do what seats have due, then wait for the next due thing or for anything to arrive."""
        for seat in self._seats:
            seat.step()
        until_s = min([seat.next_s() for seat in self._seats] + also_s)
        for key, _ in self._selector.select(max(0.0, until_s - time.monotonic())):
            key.data()

    def _tell(self, facts: Sequence[Fact], but: Seat | None = None) -> None:
        for seat in self._seats:
            for fact in facts if seat is not but else ():
                seat.tell(fact)

    # The daemon

    def _look_at_daemon(self, now_s: float) -> None:
        if self._watcher is None and now_s >= self._connect_s:
            self._connect(now_s)
        if self._watcher is not None and now_s >= self._answer_s:
            self._lost("it does not answer")
        if now_s >= self._status_s:
            self._status_s = now_s + self._every_s
            if self._watcher is None:
                self._tell([status_fact(None)])
                return
            try:
                self._watcher.ask()
                self._answer_s = min(self._answer_s, now_s + self._every_s)
            except NoDaemon as wrong:
                self._lost(wrong.cause)

    def _connect(self, now_s: float) -> None:
        self._connect_s = now_s + RECONNECT_S
        try:
            self._watcher = Watcher(self._where.api_socket)
        except NoDaemon as wrong:
            self._once("daemon", f"no daemon: {wrong.cause}")
            return
        self._connect_s, self._answer_s = float("inf"), now_s + self._every_s
        self._selector.register(self._watcher, selectors.EVENT_READ, self._on_status)
        self._once("daemon", f"watching the daemon at {self._where.api_socket}")

    def _on_status(self) -> None:
        if self._watcher is None:
            return
        try:
            statuses = self._watcher.news()
        except (NoDaemon, Refused) as wrong:
            self._lost(wrong.cause if isinstance(wrong, NoDaemon) else wrong.text)
            return
        now_s = time.monotonic()
        for status in statuses:
            self._answer_s, self._status_s = float("inf"), now_s + self._every_s
            self._tell([*self._changes.of(status, now_s), status_fact(status)])

    def _lost(self, why: str) -> None:
        assert self._watcher is not None
        self._selector.unregister(self._watcher)
        self._watcher.close()
        self._watcher, self._answer_s = None, float("inf")
        self._connect_s = time.monotonic() + RECONNECT_S
        self._once("daemon", f"no daemon: {why}")
        self._tell([status_fact(None)])

    # The journal and the listeners themselves

    def _read_journal(self) -> None:
        try:
            self._tell(self._journal.facts())
            self._once("journal", "")
        except CannotRead as wrong:
            self._once("journal", f"{wrong}. Decisions and fences are not told; is this user in the daemon's group?")

    def _seat_failed(self, seat: Seat, told: str, problem: str) -> None:
        """Tell the others, but not what happened while they were told just that: two broken ones would never end."""
        now_s = time.monotonic()
        if told == "plugin_failed" or now_s - self._failed_s.get(seat.hook.name, float("-inf")) < FAILED_S:
            return
        self._failed_s[seat.hook.name] = now_s
        self._tell([Fact("plugin_failed", {"kind": "hooks", "name": seat.hook.name, "problem": problem})], but=seat)

    def _once(self, about: str, text: str) -> None:
        """Say what is new about something; empty: it is well."""
        if self._last_said.get(about, "") != text:
            self._last_said[about] = text
            if text:
                self._say(text)

    # The end

    def _end(self) -> None:
        self._ending = True

    def _leave(self) -> None:
        for seat in self._seats:
            seat.leave()
        until_s = time.monotonic() + LEAVE_S
        while not all(seat.ended for seat in self._seats) and time.monotonic() < until_s:
            self._wait([until_s])
        for seat in self._seats:
            if not seat.ended:
                seat.kill()
        if self._watcher is not None:
            self._watcher.close()
        self._selector.close()


@contextlib.contextmanager
def _signals(selector: selectors.BaseSelector, end: Callable[[], None]) -> Iterator[None]:
    """Have SIGTERM and SIGINT wake the selector and call ``end``."""
    woken, waker = socket.socketpair()
    woken.settimeout(0)
    waker.settimeout(0)
    selector.register(woken, selectors.EVENT_READ, lambda: woken.recv(64))
    before = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    handlers = {number: signal.signal(number, lambda *_: end()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        woken.close()
        waker.close()
