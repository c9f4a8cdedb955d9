"""The guard: a small real-time process that silences this node's resources when nobody speaks for the node any more.

A process of its own, because a thread would wait for the interpreter lock of an executor that forks or imports. The
daemon writes to it directly, so neither a frozen executor nor a dead one delays a renewal or a silence; it outlives
both. When even it is gone, what an agent's ``hold`` left in the kernel is what ends the answers.
"""

import contextlib
import logging
import os
import select
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

import msgspec

from heartbeat.executor.feeding import Feeding
from heartbeat.executor.permission import Permission
from heartbeat.executor.process import be_called, go_realtime
from heartbeat.executor.verdict import one_line
from heartbeat.plugin import ResourceAgent
from heartbeat.wire.executor import Armed, Protected
from heartbeat.wire.hold import Disarm, Feed, Hold, decode_word

PROMPT_S = 0.005
"""A hold that took longer to set lasts longer than was meant, by as much: it is set again."""
MUTE_AGAIN_S = 0.02
"""After a mute that failed."""
MESSAGE_MAX = 65536

_log = logging.getLogger("heartbeat.executor")


class Watch(msgspec.Struct, frozen=True, tag="watch"):
    """Executor to guard: this resource runs here, or is about to."""

    subject: str
    plugin: str
    """Entry-point name of its agent."""
    params: dict[str, str]


class Release(msgspec.Struct, frozen=True, tag="release"):
    """Executor to guard: this resource is being stopped; its last hold may run out."""

    subject: str


class Follow(msgspec.Struct, frozen=True, tag="follow"):
    """Executor to guard: this process announces the resource; it ends with the silence."""

    subject: str
    pid: int


class End(msgspec.Struct, frozen=True, tag="end"):
    """Executor to guard: nothing is left to guard, in order."""


Told = Watch | Release | Follow | End

MakeAgent = Callable[[str, dict[str, str]], ResourceAgent]
"""From the agent's name and its unparsed parameters; raises what the plugin raises."""

_decode = msgspec.msgpack.Decoder(Told).decode


def become_guard(
    hold: socket.socket,
    control: socket.socket,
    permission: Permission,
    make: MakeAgent,
    priority: int,
    watchdog: tuple[str, int],
) -> NoReturn:
    """Be the guard, in a process just forked; ``priority``: of SCHED_RR, 0 for ordinary scheduling; ``watchdog``: the
    path of the machine's (empty: none) and its time-out in seconds."""
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        low = 3
        for fd in sorted((hold.fileno(), control.fileno())):
            os.closerange(low, fd)
            low = fd + 1
        os.closerange(low, 1 << 20)
        be_called("hb-guard")
        go_realtime(priority)
        Guard(hold, control, permission, make, watchdog).run()
    except BaseException:  # noqa: BLE001 - nothing may escape into the copy of the executor
        with contextlib.suppress(BaseException):
            _log.critical("the guard ends: this is a fault of heartbeat itself", exc_info=True)
        os._exit(70)
    os._exit(0)


@dataclass(slots=True)
class Resource:
    """One that runs here."""

    agent: ResourceAgent
    how: str | None = None
    """What the last hold returned; None before the first."""
    is_silent: bool = False
    announcer: int = -1
    """A pidfd, or -1."""
    problem: str = ""


class Guard:
    """Its loop. Never waits for anything but its two sockets."""

    def __init__(
        self,
        hold: socket.socket,
        control: socket.socket,
        permission: Permission,
        make: MakeAgent,
        watchdog: tuple[str, int] = ("", 0),
    ) -> None:
        self._hold, self._control, self._permission, self._make = hold, control, permission, make
        self._feeding = Feeding(*watchdog, self._tell)
        self._resources: dict[str, Resource] = {}
        self._agents: dict[tuple[str, tuple[tuple[str, str], ...]], ResourceAgent] = {}
        """Kept for good: what an agent has open may take its time to close."""
        self._muted: frozenset[str] = frozenset()
        self._is_over = False
        self._has_executor = True
        hold.settimeout(0)
        control.settimeout(0)
        self._words = select.poll()
        self._words.register(hold, select.POLLIN)

    def run(self) -> None:
        """Guard until the executor ends in order; without one, until everything is silent."""
        poll = select.poll()
        poll.register(self._hold, select.POLLIN)
        poll.register(self._control, select.POLLIN)
        while not self._is_over:
            ready = {descriptor for descriptor, _ in poll.poll(self._patience_ms())}
            if self._hold.fileno() in ready:
                self._renewed()
            if self._control.fileno() in ready and not self._hear():
                poll.unregister(self._control)
                self._has_executor = False
            if self._permission.is_expired:
                for subject in self._resources:
                    self._mute(subject)
            if not self._has_executor:
                self._is_over = not self._permission.is_used or self._is_silent()

    def _is_silent(self) -> bool:
        return all(resource.is_silent for resource in self._resources.values())

    def _patience_ms(self) -> float | None:
        if self._is_silent():
            return None
        if not self._permission.is_used:
            return None
        left_s = self._permission.left_s()
        return (left_s if left_s > 0 else MUTE_AGAIN_S) * 1000

    # The daemon

    def _renewed(self) -> None:
        """Take the newest word, of which there is one at least; older ones that waited are void."""
        newest: Hold | None = None
        feed: Feed | None = None
        is_disarmed, more = False, True
        while more:
            with contextlib.suppress(msgspec.MsgspecError):
                match decode_word(self._hold.recv(MESSAGE_MAX)):
                    case Hold() as newest:
                        pass
                    case Feed() as feed:
                        pass
                    case Disarm():
                        is_disarmed = True
            more = bool(self._words.poll(0))  # a receive that finds nothing costs twice as much, for its exception
        if newest is not None:
            self._permit(newest)
        # The device last: a driver may take its time.
        if feed is not None:
            self._feeding.feed(feed.until_s)
        if is_disarmed:
            self._feeding.disarm()

    def _permit(self, newest: Hold) -> None:
        self._muted = frozenset(newest.muted)
        for subject in self._muted & self._resources.keys():
            self._mute(subject)
        self._permission.until_s = newest.until_s
        for subject in self._resources:
            self._renew(subject)

    def _renew(self, subject: str) -> None:
        """Set one hold as long as the permission lasts; over, or forbidden: nothing."""
        resource = self._resources[subject]
        if subject in self._muted or not self._permission.is_used:
            return
        try:
            while (left_s := self._permission.left_s()) > 0:
                how = resource.agent.hold(left_s)
                resource.is_silent = False
                # Stopped in the middle, it would last too long: the kernel counts from when it heard of it.
                if left_s - self._permission.left_s() < PROMPT_S:
                    break
            else:
                self._mute(subject)
                return
        except Exception as error:  # noqa: BLE001 - one agent's trouble must not unguard the others
            self._trouble(subject, "held", error)
            return
        resource.problem = ""
        if how != resource.how:
            resource.how = how
            self._tell(Protected(subject, how))

    def _mute(self, subject: str) -> None:
        resource = self._resources[subject]
        if resource.is_silent:
            return
        if resource.announcer >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(resource.announcer, signal.SIGKILL)
        try:
            resource.agent.mute()
            resource.is_silent = True
        except Exception as error:  # noqa: BLE001 - as above
            self._trouble(subject, "muted", error)

    def _trouble(self, subject: str, what: str, error: Exception) -> None:
        """Tell it once; it is tried again with the next beat."""
        problem = one_line(f"{type(error).__name__}: {error}")
        resource = self._resources[subject]
        if resource.problem != problem:
            resource.problem = problem
            _log.error("%s cannot be %s: %s", subject, what, problem)

    # The executor

    def _hear(self) -> bool:
        """Take what the executor says; False at its end."""
        try:
            while message := self._control.recv(MESSAGE_MAX):
                self._take(_decode(message))
        except BlockingIOError:
            return True
        except ConnectionError:
            pass
        return False

    def _take(self, told: Told) -> None:
        match told:
            case Watch():
                self._watch(told)
            case Release():
                self._forget(told.subject)
            case Follow():
                self._follow(told)
            case End():
                self._is_over = True

    def _watch(self, told: Watch) -> None:
        self._forget(told.subject)
        key = (told.plugin, tuple(sorted(told.params.items())))
        try:
            agent = self._agents.get(key) or self._make(told.plugin, told.params)
        except Exception as error:  # noqa: BLE001 - a plugin's parameters; its start fails for the same reason
            _log.error("%s cannot be guarded: %s", told.subject, one_line(f"{type(error).__name__}: {error}"))
            return
        self._agents[key] = agent
        self._resources[told.subject] = Resource(agent)
        if told.subject in self._muted or self._permission.is_expired:
            self._mute(told.subject)
        else:
            self._renew(told.subject)

    def _follow(self, told: Follow) -> None:
        resource = self._resources.get(told.subject)
        if resource is None:
            return
        self._unfollow(resource)
        with contextlib.suppress(ProcessLookupError):
            resource.announcer = os.pidfd_open(told.pid)
            if resource.is_silent:
                signal.pidfd_send_signal(resource.announcer, signal.SIGKILL)

    def _unfollow(self, resource: Resource) -> None:
        if resource.announcer >= 0:
            os.close(resource.announcer)
            resource.announcer = -1

    def _forget(self, subject: str) -> None:
        resource = self._resources.pop(subject, None)
        if resource is not None:
            self._unfollow(resource)

    def _tell(self, message: Protected | Armed) -> None:
        with contextlib.suppress(OSError):  # no executor: the next one asks anew by watching
            self._control.send(msgspec.msgpack.encode(message))
