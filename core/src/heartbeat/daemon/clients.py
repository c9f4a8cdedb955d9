"""``respawn`` and ``failfast``: programs kept running beside the daemon, each as its user.

Rules of heartbeat 3.0.6: exit status 100 means never again; more than 10 deaths in a row, each within 30 s of its
start, and it is given up. There, a failfast program that ended badly rebooted the machine. Here its node leaves the
cluster in order, with an alarm: the groups go elsewhere as they would have, and what else runs here goes on running.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence

from heartbeat.daemon.node_plan import ClientPlan

NEVER_AGAIN = 100
SHORT_LIFE_S = 30.0
SHORT_LIVES_MAX = 10
RESTART_PAUSE_S = 1.0
STOP_PATIENCE_S = 5.0
"""Between SIGTERM and SIGKILL at the end; the old one waited without limit."""

Say = Callable[[str], None]


class Client:
    """One program."""

    def __init__(self, plan: ClientPlan) -> None:
        self.plan = plan
        self.pid = 0
        self.started_s = 0.0
        self.short_lives = 0
        self.start_at_s: float | None = 0.0
        """When to start it; None: it runs, or is never started again."""

    @property
    def name(self) -> str:
        return self.plan.argv[0]


class Clients:
    """All of them. Belongs to the supervisor, which tells of every child that ended."""

    def __init__(
        self,
        plans: Sequence[ClientPlan],
        environment: Mapping[str, str],
        say: Say,
        failed_fast: Say,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``failed_fast`` is told when a failfast program ended badly."""
        self._clients = [Client(plan) for plan in plans]
        self._environment = dict(environment)
        self._say = say
        self._failed_fast = failed_fast
        self._clock = clock
        self._active = False

    def activate(self) -> None:
        """The daemon is up: start them, and keep them running."""
        self._active = True
        self.tick()

    def tick(self) -> None:
        """Start what is due."""
        if not self._active:
            return
        for client in self._clients:
            if client.start_at_s is not None and self._clock() >= client.start_at_s:
                client.start_at_s = None
                client.started_s = self._clock()
                client.pid = _start(client.plan, self._environment)

    def next_s(self) -> float | None:
        """Return when ``tick`` has something to do; None: never as things are."""
        due = [client.start_at_s for client in self._clients if client.start_at_s is not None]
        return min(due) if due and self._active else None

    def ended(self, pid: int, status: int) -> bool:
        """Take note that a child ended (``status`` of waitpid); returns False when it is none of these."""
        client = next((client for client in self._clients if client.pid == pid), None)
        if client is None:
            return False
        client.pid = 0
        if self._active:
            self._decide(client, os.waitstatus_to_exitcode(status))
        return True

    def _decide(self, client: Client, code: int) -> None:
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        if code == NEVER_AGAIN:
            self._say(f"{client.name} {how} and is not started again")
            return
        if client.plan.failfast and code != 0:
            self._failed_fast(f"{client.name}, without which this node must not serve, {how}")
            return
        short = self._clock() - client.started_s < SHORT_LIFE_S
        client.short_lives = client.short_lives + 1 if short else 0
        if client.short_lives > SHORT_LIVES_MAX:
            self._say(f"{client.name} {how}, the {client.short_lives}th time within {SHORT_LIFE_S:.0f} s: given up")
            return
        self._say(f"{client.name} {how}; it is started again")
        client.start_at_s = self._clock() + (RESTART_PAUSE_S if short else 0.0)

    def stop(self) -> None:
        """End them one after another, the last started first, each for a bounded time."""
        self._active = False
        for client in reversed(self._clients):
            if client.pid:
                _end(client.pid)
                client.pid = 0


def _start(plan: ClientPlan, environment: Mapping[str, str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        _become_program(plan, environment)
    finally:
        os._exit(127)


def _become_program(plan: ClientPlan, environment: Mapping[str, str]) -> None:
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    if os.geteuid() == 0:
        os.setgroups(plan.user.groups)
        os.setresgid(plan.user.gid, plan.user.gid, plan.user.gid)
        os.setresuid(plan.user.uid, plan.user.uid, plan.user.uid)
    own = {"HOME": plan.user.home, "USER": plan.user.name, "LOGNAME": plan.user.name}
    os.execve(plan.argv[0], list(plan.argv), {**environment, **own})  # noqa: S606 - never a shell


def _end(pid: int) -> None:
    """SIGTERM, a bounded wait, SIGKILL, and reap."""
    os.kill(pid, signal.SIGTERM)
    until_s = time.monotonic() + STOP_PATIENCE_S
    while time.monotonic() < until_s:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
