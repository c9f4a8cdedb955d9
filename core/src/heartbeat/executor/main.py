"""The executor's process, as the supervisor forks it."""

import logging
import os
import signal
import socket
from typing import NoReturn

from heartbeat.executor.child import Birth
from heartbeat.executor.ledger import Ledger
from heartbeat.executor.link import hold_socket, listen
from heartbeat.executor.loader import Loader, Source
from heartbeat.executor.process import OOM_SPARED, adopt_orphans, normal_scheduling, oom_score_adj
from heartbeat.executor.seat import SeatTaken, take_seat
from heartbeat.executor.server import Server
from heartbeat.executor.tokens import KeptTokens
from heartbeat.model.places import Places

_log = logging.getLogger("heartbeat.executor")


def serve(
    places: Places,
    *,
    plugins: Source | None = None,
    listener: socket.socket | None = None,
    hold: socket.socket | None = None,
    priority: int = 0,
    watchdog: tuple[str, int] = ("", 0),
) -> NoReturn:
    """Be the executor of one node, for good; call it in a process just forked, as root, without threads.

    Daemons connect to ``places.executor_socket``. ``listener``: what ``heartbeat.executor.link.listen`` returned in
    the parent before the fork, so that no daemon can come too early; without it the socket is made here, in place of a
    stale one; ``hold`` likewise, from ``heartbeat.executor.link.hold_socket``. ``priority``: of SCHED_RR, for the
    guard; 0 where real-time scheduling is not wanted. ``watchdog``: the path of the machine's, empty for none, and its
    time-out in seconds; opened when a daemon first lets it be fed. ``plugins``: where they come from; by default
    the installed ones.

    Outlives daemons. Ignores SIGINT, SIGHUP and SIGPIPE. SIGTERM, which only the supervisor sends, ends it: what
    waits is dropped, what acts gets SIGTERM and SIGKILL, a fence under way is left to its end. Exit status 0 then, 1
    when another executor holds the run directory and does not yield.
    """
    try:
        server = _set_up(places, plugins, listener, hold, priority, watchdog)
    except SeatTaken as taken:
        _log.critical("the executor cannot start: %s", taken)
        os._exit(1)
    try:
        server.run()
    except BaseException:  # noqa: BLE001 - nothing may return into the copy of the supervisor
        _log.critical("the executor ends: this is a fault of heartbeat itself", exc_info=True)
        os._exit(70)  # EX_SOFTWARE of sysexits.h
    os._exit(0)  # not back into the copy of the supervisor that we are


def _set_up(
    places: Places,
    plugins: Source | None,
    listener: socket.socket | None,
    hold: socket.socket | None,
    priority: int,
    watchdog: tuple[str, int],
) -> Server:
    _become_executor()
    oom_before = oom_score_adj(OOM_SPARED)
    places.run.mkdir(mode=0o755, parents=True, exist_ok=True)
    take_seat(places.run / "executor.lock")
    ledger = Ledger(places.run / "operations")
    for line in ledger.end_leftovers():
        _log.warning("left by an earlier executor: %s", line)
    null_fd = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    os.dup2(null_fd, 0)
    birth = Birth(Loader(plugins or _installed()), null_fd, str(oom_before).encode())
    return Server(
        birth,
        listener=listener or listen(places.executor_socket),
        ledger=ledger,
        hold=hold or hold_socket(places.hold_socket),
        priority=priority,
        tokens=KeptTokens(places.run / "tokens"),
        watchdog=watchdog,
    )


def _become_executor() -> None:
    """A session of our own, so that no terminal ends us; nothing of the supervisor's signals or scheduling."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if os.getpgrp() != os.getpid():
        os.setsid()
    os.chdir("/")  # an agent that unmounts a filesystem ends whoever stands in it
    normal_scheduling()
    adopt_orphans("hb-executor")


def _installed() -> Source:
    """The scan of installed distributions is paid by whoever brings no plugins."""
    from heartbeat.pils.registry import PluginRegistry

    return PluginRegistry()
