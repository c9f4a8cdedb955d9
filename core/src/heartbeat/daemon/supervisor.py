"""The small parent: starts executor and daemon, starts them again when they die, and passes on what people want.

It imports little, has no thread and no event loop, writes to no disk but through the log's process, and sleeps in
poll(2) until a child or a signal wants something.
"""

import os
import select
import signal
import socket
import time
from pathlib import Path

import msgspec

from heartbeat.daemon.children import Child, how_it_ended
from heartbeat.daemon.clients import Clients
from heartbeat.daemon.keyring import Keys
from heartbeat.daemon.leash import ExecutorHung, Leave, NewKeys, Up, leash_pair
from heartbeat.daemon.loading import load_keys
from heartbeat.daemon.log import Level, Line, Sinks
from heartbeat.daemon.log_process import LogProcess
from heartbeat.daemon.node_plan import NodePlan
from heartbeat.daemon.notify import notify_systemd
from heartbeat.daemon.pidfile import PidFile
from heartbeat.executor.link import hold_socket, listen
from heartbeat.model.places import Places

EXIT_LEFT = 0
EXIT_REFUSED = 64
"""As in daemon.node, which this small process does not import."""
HOPELESS_DEATHS = 5
"""A node that was asked to leave and whose daemon dies so often in a row is given up."""
EXECUTOR_PATIENCE_S = 12.0
"""The executor ends what it has under way first; its own bounds add up to less than this."""
LOG_PATIENCE_S = 2.0
"""For the last lines."""


class Supervisor:
    """Runs one node until it has left the cluster."""

    def __init__(self, places: Places, plan: NodePlan, lock: PidFile) -> None:
        self._places = places
        self._plan = plan
        self._lock = lock
        self._log = LogProcess(Sinks(plan.config.log, plan.config.node), self._let_go)
        self._listener = self._listen()
        self._hold = self._owned(hold_socket(places.hold_socket), places.hold_socket)
        self._executor = Child("executor", self._be_executor)
        self._daemon = Child("daemon", self._be_daemon)
        self._clients = Clients(plan.clients, self._environment(), self._warn, self._failed_fast)
        self._leash, self._leash_end = leash_pair()
        self._leaving = ""
        self._was_up = False
        self._ended: int | None = None

    def run(self) -> int:
        """Return the exit status of ``hb run``: 0 when the node left in order."""
        woken, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        for heard in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(heard, lambda *_: None)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        # The executor first: it must be root's, and small when it forks.
        self._executor.start()
        self._log.child.start()
        self._start_daemon()
        while self._ended is None:
            self._wait(woken)
            self._reap()
            for number in _drain(woken):
                self._signalled(number)
            self._tick()
        return self._finish()

    def _finish(self) -> int:
        assert self._ended is not None
        notify_systemd("STOPPING=1")
        self._clients.stop()
        self._executor.end(EXECUTOR_PATIENCE_S)
        for path in (self._places.executor_socket, self._places.hold_socket, self._places.api_socket):
            path.unlink(missing_ok=True)
        self._log.end(LOG_PATIENCE_S)
        self._lock.remove()
        return self._ended

    # Waiting

    def _wait(self, woken: int) -> None:
        poll = select.poll()
        poll.register(woken, select.POLLIN)
        poll.register(self._leash.fileno(), select.POLLIN)
        starts = (self._executor.start_at_s, self._daemon.start_at_s, self._log.child.start_at_s)
        due = [at_s for at_s in (*starts, self._clients.next_s()) if at_s]
        pause_ms = None if not due else max(0.0, min(due) - time.monotonic()) * 1000 + 1
        self._hear({descriptor for descriptor, _ in poll.poll(pause_ms)})

    def _hear(self, ready: set[int]) -> None:
        if self._leash.fileno() not in ready:
            return
        try:
            message = self._leash.receive()
        except BlockingIOError:
            return
        if isinstance(message, ExecutorHung):
            self._executor.kill()
        elif isinstance(message, Up):
            self._was_up = True
            notify_systemd("READY=1")
            self._clients.activate()

    def _tick(self) -> None:
        if self._ended is not None:
            return
        self._executor.tick()
        self._log.child.tick()
        if self._daemon.start_at_s is not None and time.monotonic() >= self._daemon.start_at_s:
            self._start_daemon()
        self._clients.tick()

    # Children

    def _start_daemon(self) -> None:
        self._leash.close()
        self._leash_end.close()
        self._leash, self._leash_end = leash_pair()
        self._daemon.start()
        self._leash_end.close()
        if self._leaving:
            self._leash.send(Leave(self._leaving))

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid == self._daemon.pid:
                self._daemon_ended(status)
            elif pid == self._executor.pid:
                pause_s = self._executor.ended()
                self._warn(f"the executor ended ({how_it_ended(status)}); {_again(pause_s)}")
            elif pid == self._log.child.pid:
                pause_s = self._log.child.ended()
                self._warn(f"the process that writes the log ended ({how_it_ended(status)}); {_again(pause_s)}")
            else:
                self._clients.ended(pid, status)

    def _daemon_ended(self, status: int) -> None:
        code = os.waitstatus_to_exitcode(status)
        if code == EXIT_LEFT:
            self._ended = 0
            return
        if code == EXIT_REFUSED and not self._was_up:
            self._ended = 1
            return
        pause_s = self._daemon.ended()
        if self._leaving and self._daemon.deaths >= HOPELESS_DEATHS:
            self._say(
                Level.ERROR, f"the daemon cannot leave in order ({how_it_ended(status)}): given up; see hb journal"
            )
            self._ended = 1
            return
        self._warn(f"the daemon ended ({how_it_ended(status)}); {_again(pause_s)}")

    def _let_go(self) -> None:
        """In the log's process: nothing of ours may stay open because that hangs."""
        self._forget_daemon()
        self._listener.close()
        self._hold.close()

    def _forget_daemon(self) -> None:
        self._leash.close()
        self._leash_end.close()
        os.close(self._lock.descriptor)

    def _be_executor(self) -> int:
        self._forget_daemon()
        # Imported here: this process stays small, and executor and daemon have little in common.
        from heartbeat.daemon.executor_log import log_through
        from heartbeat.daemon.realtime import guard_priority
        from heartbeat.executor.main import serve
        from heartbeat.pils.placed import PlacedPlugins

        self._log.pipe.only_write()
        log_through(self._log.pipe)
        priority = guard_priority(self._plan.config.process)
        config = self._plan.config
        watchdog = (config.watchdog, round(config.cluster.watchdog_s))
        plugins = PlacedPlugins(self._plan.drivers, self._places.config)
        serve(
            self._places,
            plugins=plugins,
            listener=self._listener,
            hold=self._hold,
            priority=priority,
            watchdog=watchdog,
        )

    def _be_daemon(self) -> int:
        self._leash.close()
        self._listener.close()
        self._hold.close()
        self._log.pipe.close()
        from heartbeat.daemon.node import run_node

        return run_node(self._plan, self._places, self._leash_end)

    def _listen(self) -> socket.socket:
        """Make the executor's socket before anybody is forked, so that no daemon can come too early."""
        return self._owned(listen(self._places.executor_socket), self._places.executor_socket)

    def _owned(self, bound: socket.socket, path: Path) -> socket.socket:
        """Let the daemon's user write there."""
        if self._plan.identity is not None and os.geteuid() == 0:
            os.chown(path, self._plan.identity.uid, -1)
        return bound

    # What people want

    def _signalled(self, number: int) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            self._leave(signal.Signals(number).name)
        elif number == signal.SIGHUP:
            self._reload()

    def _leave(self, why: str) -> None:
        """Ask the daemon to leave in order, however often it is asked: a second signal is no less orderly."""
        self._leaving = why
        self._leash.send(Leave(why))

    def _reload(self) -> None:
        """Read authkeys again; what is wrong with it changes nothing."""
        keys = load_keys(self._places, self._plan.config.process.user)
        if keys is None:
            self._warn("authkeys was not read again: the keys in use stay")
            return
        self._plan = _with_keys(self._plan, keys)
        self._leash.send(NewKeys(keys))

    def _failed_fast(self, text: str) -> None:
        self._say(Level.ERROR, f"{text}: this node leaves the cluster")
        self._leave(text)

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HB_CONFIG": str(self._places.config),
            "HB_STATE": str(self._places.state),
            "HB_RUN_DIR": str(self._places.run),
            "HA_CURHOST": self._plan.config.node,
            **{f"HA_{setting.name}": setting.value for setting in self._plan.config.env},
        }

    def _warn(self, text: str) -> None:
        self._say(Level.WARNING, text)

    def _say(self, level: Level, text: str) -> None:
        self._log.pipe.write(Line(time.time(), level, text))


def _drain(woken: int) -> bytes:
    """Return the numbers of the signals that came."""
    try:
        return os.read(woken, 4096)
    except BlockingIOError:
        return b""


def _again(pause_s: float) -> str:
    return "it is started again" if pause_s <= 0 else f"it is started again in {pause_s:g} s"


def _with_keys(plan: NodePlan, keys: Keys) -> NodePlan:
    return msgspec.structs.replace(plan, keys=keys)
