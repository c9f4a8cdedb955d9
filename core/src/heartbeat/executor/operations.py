"""All operations of one executor: turns, deadlines, answers. Nothing here ever waits for a child.

An executor that stood still finds old orders in its socket, and behind them what became of these: a stop, a daemon that
is gone, a new one. So nothing acts before everything that has arrived was read.
"""

import contextlib
import os
import selectors
import signal
import time
from collections import deque
from collections.abc import Callable

import msgspec

from heartbeat.executor.agents import SILENCED
from heartbeat.executor.child import GO, Birth, fork_child
from heartbeat.executor.guarding import Guarding
from heartbeat.executor.ledger import Ledger
from heartbeat.executor.operation import GIVE_WAY, LOOKS, Operation, Phase
from heartbeat.executor.process import is_uninterruptible
from heartbeat.executor.tail import Tail
from heartbeat.executor.tokens import KeptTokens
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.wire.executor import Finished, Run, Running

TERM_GRACE_S = 1.0
"""From SIGTERM to SIGKILL: agents such as DRBD's trap SIGTERM to clean up."""

KILL_GRACE_S = 0.25
"""From SIGKILL to the answer, when the child does not die: then it waits in the kernel, perhaps for ever."""

FOLLOW_UP_MAX_S = 600.0
"""Longest follow-up work of a start (announcements are spaced over a minute)."""

_LETS_LOOSE = (Action.START, Action.PROMOTE, Action.ON)
"""What must not begin for a daemon that is gone: only a living one knows whether it may."""

Report = Callable[[Finished], None]
Heard = Callable[[Run, bytes], None]


class Operations:
    """Answers each Run exactly once through ``report``.

    Operations of one subject happen one after the other, a fence before all that wait with it; different subjects
    side by side. ``heard`` gets output as it comes.
    """

    def __init__(
        self,
        birth: Birth,
        selector: selectors.BaseSelector,
        report: Report,
        ledger: Ledger | None = None,
        heard: Heard | None = None,
        guarding: Guarding | None = None,
        tokens: KeptTokens | None = None,
    ) -> None:
        self._birth = birth
        self._selector = selector
        self._report = report
        self._ledger = ledger
        self._heard = heard
        self._guarding = guarding
        self._tokens = tokens
        self._operations: dict[int, Operation] = {}
        self._by_pid: dict[int, Operation] = {}
        self._queues: dict[tuple[str, str], deque[Operation]] = {}
        self._busy: dict[tuple[str, str], Operation] = {}
        self._follow_ups: dict[tuple[str, str], Operation] = {}
        self._turns: deque[tuple[str, str]] = deque()
        """Subjects of which the next operation may act, once all that arrived was read."""

    # What the daemon asks

    def run(self, request: Run) -> None:
        """Take one operation. One whose number is already under way is that operation, sent again."""
        if request.id in self._operations:
            return
        now_s = time.monotonic()
        operation = Operation(request, now_s + request.deadline_s)
        self._operations[request.id] = operation
        if request.on_hold:
            operation.phase = Phase.HELD
            self._fork(operation)
        elif late := self._noted(request):
            self._answer(operation, late)
        else:
            operation.timer_s = operation.deadline_s
            self._queue(operation)

    def go(self, number: int, token: int) -> None:
        """Let an operation on hold act, in its turn and by the token of its start; its deadline runs from now."""
        operation = self._operations.get(number)
        if operation is not None and operation.phase is Phase.HELD and operation.timer_s is None:
            operation.request = msgspec.structs.replace(operation.request, token=token)
            late = self._noted(operation.request)
            if late is not None:
                self._drop(operation, late)
                return
            operation.deadline_s = operation.timer_s = time.monotonic() + operation.request.deadline_s
            self._queue(operation)

    def cancel(self, number: int) -> None:
        """End an operation that has not acted; one that has goes on to its own end."""
        operation = self._operations.get(number)
        if operation is not None and operation.phase in (Phase.WAITING, Phase.HELD):
            self._drop(operation, Result(Outcome.CANCELLED, "cancelled before it acted"))

    def daemon_left(self) -> None:
        """Nobody is left who could say go: what is prepared or waiting to start something never will."""
        if self._tokens is not None:
            self._tokens.daemon_left()
        for operation in list(self._operations.values()):
            waits = operation.phase in (Phase.WAITING, Phase.HELD)
            if waits and (operation.timer_s is None or operation.request.action in _LETS_LOOSE):
                self._drop(operation, Result(Outcome.CANCELLED, "the daemon that asked for it is gone"))

    def running(self) -> list[Running]:
        """Return what is not answered yet."""
        return [
            Running(it.request.id, it.request.subject, it.request.action)
            for it in self._operations.values()
            if it.phase is not Phase.REPORTED
        ]

    def finish_up(self) -> None:
        """Prepare to exit: drop what waits, end what acts as at its deadline. A fence under way is left to its end."""
        for operation in list(self._operations.values()):
            if operation.phase in (Phase.WAITING, Phase.HELD):
                self._drop(operation, Result(Outcome.CANCELLED, "the executor ends"))
            elif operation.phase is Phase.ACTING and operation.request.action is not Action.FENCE:
                operation.timer_s = time.monotonic()
        for operation in list(self._follow_ups.values()):
            operation.signal_child(signal.SIGKILL)

    @property
    def is_idle(self) -> bool:
        return not self._operations

    # Time and children

    def next_timer_s(self) -> float | None:
        """Return the monotonic time of the next ``tick``, or None."""
        return min((it.timer_s for it in self._operations.values() if it.timer_s is not None), default=None)

    def tick(self, now_s: float) -> None:
        """Do what is due."""
        for operation in list(self._operations.values()):
            if operation.timer_s is not None and operation.timer_s <= now_s:
                self._due(operation, now_s)

    def reaped(self, pid: int, status: int) -> None:
        """A child of the process has ended; ``pid`` may be anybody's, also an adopted orphan's."""
        operation = self._by_pid.pop(pid, None)
        if operation is not None:
            self._hear_result(operation)
            operation.is_reaped = True
            if operation.phase in (Phase.ACTING, Phase.HELD):
                self._answer(operation, operation.died_result(status))
        for ending in [it for it in self._operations.values() if it.phase in (Phase.ENDING, Phase.KILLED)]:
            if ending.is_group_gone():
                self._answer(ending, self._late(ending))
        if operation is not None and operation.phase is Phase.REPORTED:
            self._forget(operation)

    def _due(self, operation: Operation, now_s: float) -> None:
        match operation.phase:
            case Phase.WAITING | Phase.HELD:
                self._drop(operation, self._never_came(operation))
            case Phase.ACTING:
                operation.phase, operation.timer_s = Phase.ENDING, now_s + TERM_GRACE_S
                operation.signal_group(signal.SIGTERM)
            case Phase.ENDING:
                operation.phase, operation.timer_s = Phase.KILLED, now_s + KILL_GRACE_S
                operation.signal_group(signal.SIGKILL)
            case Phase.KILLED:
                self._answer(operation, self._late(operation))
            case Phase.REPORTED:
                self._end_follow_up(operation)

    def _end_follow_up(self, operation: Operation) -> None:
        """At its longest time, or because its subject is stopped; the second call no longer waits for its end."""
        operation.timer_s = None
        operation.signal_child(signal.SIGKILL)
        if self._follow_ups.get(operation.key) is operation:
            del self._follow_ups[operation.key]
            self._advance(operation.key)

    def _late(self, operation: Operation) -> Result:
        if operation.gave_way:
            return Result(Outcome.CANCELLED, "ended, because a fence with this device came")
        said = f"no answer within {operation.request.deadline_s:g} s; its processes were ended"
        child = operation.child
        if child is not None and operation.lives:
            where = "waits in the kernel (state D)" if is_uninterruptible(child.pid) else "does not die"
            said = f"no answer within {operation.request.deadline_s:g} s; process {child.pid} {where}"
        return Result(Outcome.UNKNOWN, said)

    def _never_came(self, operation: Operation) -> Result:
        busy = self._busy.get(operation.key)
        what = f"{busy.request.action.value} of it was still under way" if busy else "its child was not ready"
        return Result(Outcome.UNKNOWN, f"not begun within {operation.request.deadline_s:g} s: {what}")

    # Turns

    @property
    def has_turns(self) -> bool:
        return bool(self._turns)

    def begin(self) -> None:
        """Let those act whose turn it is. To be called when everything that has arrived was read."""
        while self._turns:
            self._begin_next(self._turns.popleft())

    def _queue(self, operation: Operation) -> None:
        queue = self._queues.setdefault(operation.key, deque())
        if operation.request.action is Action.FENCE:
            self._make_way(operation.key)
            queue.insert(sum(it.request.action is Action.FENCE for it in queue), operation)
        else:
            queue.append(operation)
        self._advance(operation.key)

    def _make_way(self, key: tuple[str, str]) -> None:
        """End a mere look at a device that is to fence: the device hears the session end, as at a deadline."""
        busy = self._busy.get(key)
        if busy is not None and busy.request.action in GIVE_WAY and busy.phase is Phase.ACTING:
            busy.gave_way = True
            busy.timer_s = time.monotonic()

    def _advance(self, key: tuple[str, str]) -> None:
        """It may be the turn of the next one of a subject."""
        self._turns.append(key)

    def _begin_next(self, key: tuple[str, str]) -> None:
        """Let the next one of a subject act, when it is its turn and no older announcement goes on."""
        queue = self._queues.get(key)
        if key in self._busy or not queue:
            return
        follow_up = self._follow_ups.get(key)
        if follow_up is not None and queue[0].request.action not in LOOKS:
            follow_up.timer_s = time.monotonic() + KILL_GRACE_S
            follow_up.signal_child(signal.SIGKILL)  # its end, or the timer, brings us back here
            return
        late = self._tokens.objection(queue[0].request) if self._tokens is not None else None
        if late is not None:
            self._drop(queue[0], late)
            self._advance(key)
            return
        operation = queue.popleft()
        if not queue:
            del self._queues[key]
        self._busy[key] = operation
        operation.acted_s = time.monotonic()
        operation.phase = Phase.ACTING
        self._guard_acting(operation)
        if operation.child is None:
            self._fork(operation)
        else:
            with contextlib.suppress(BrokenPipeError):  # it died while preparing; reaping it answers
                os.write(operation.child.go_fd, GO)

    def _drop(self, operation: Operation, result: Result) -> None:
        """Answer one that has not acted."""
        queue = self._queues.get(operation.key)
        if queue is not None and operation in queue:
            queue.remove(operation)
            if not queue:
                del self._queues[operation.key]
        if operation.lives:
            operation.signal_group(signal.SIGKILL)
        self._answer(operation, result)

    def _fork(self, operation: Operation) -> None:
        request = operation.request
        try:
            operation.child = child = fork_child(request, operation.deadline_s, self._birth)
        except OSError as error:
            self._answer(operation, Result(Outcome.FAILED, f"no process could be forked: {error.strerror}"))
            return
        self._by_pid[child.pid] = operation
        self._selector.register(child.result_fd, selectors.EVENT_READ, lambda: self._hear_result(operation))
        self._selector.register(child.output_fd, selectors.EVENT_READ, lambda: self._hear_output(operation))
        if self._ledger is not None:
            self._ledger.enter(child.pid, request.subject, request.action.value)

    # What children say

    def _hear_result(self, operation: Operation) -> None:
        child = operation.child
        if child is None or child.result_fd < 0:
            return
        is_over = operation.read_result()
        told = operation.told
        if told is not None and operation.phase in (Phase.HELD, Phase.ACTING):
            follows_up = operation.request.action is Action.START and told.result.outcome is Outcome.DONE
            if operation.phase is Phase.HELD:
                self._drop(operation, told.result)
            elif follows_up and (stale := self._stale_start(operation)):
                operation.signal_child(signal.SIGKILL)  # it must not announce any more
                self._answer(operation, stale)
            else:
                self._answer(operation, told.result, follows_up=follows_up)
        if is_over and child.result_fd >= 0:
            self._selector.unregister(child.result_fd)
            os.close(child.result_fd)
            child.result_fd = -1

    def _hear_output(self, operation: Operation) -> None:
        """Read and keep the newest; after the answer read and drop, for as long as a service holds the pipe."""
        child = operation.child
        if child is None or child.output_fd < 0:
            return
        heard, is_over = operation.read_output()
        if heard and self._heard is not None:
            self._heard(operation.request, heard)
        if is_over:
            self._selector.unregister(child.output_fd)
            os.close(child.output_fd)
            child.output_fd = -1

    def _answer(self, operation: Operation, result: Result, *, follows_up: bool = False) -> None:
        """Report, and let the next one of the subject act."""
        self._hear_output(operation)
        self._guard_answered(operation, result)
        now_s = time.monotonic()
        operation.phase = Phase.REPORTED
        operation.timer_s = now_s + FOLLOW_UP_MAX_S if operation.lives else None
        if operation.child is not None and operation.child.go_fd >= 0:
            os.close(operation.child.go_fd)
            operation.child.go_fd = -1
        request = operation.request
        took_s = now_s - operation.acted_s if operation.acted_s is not None else 0.0
        self._report(Finished(request.id, request.subject, request.action, operation.blotted(result, took_s)))
        operation.tail = Tail(0)  # a service may hold the pipe, and with it this object, for months
        if follows_up and operation.child is not None:
            self._follow_ups[operation.key] = operation
            if self._guarding is not None:
                self._guarding.follow(request.subject, operation.child.pid)
            if self._ledger is not None:
                self._ledger.enter(operation.child.pid, request.subject, request.action.value, is_tail=True)
        if not operation.lives:
            self._forget(operation)
        if self._busy.get(operation.key) is operation:
            del self._busy[operation.key]
            self._advance(operation.key)

    # The guard

    def _guard_acting(self, operation: Operation) -> None:
        """From the first moment of a stop the guard lets go of the resource."""
        request = operation.request
        if self._guarding is not None and request.kind == "ra" and request.action is Action.STOP:
            operation.was_watched = self._guarding.release(request.subject)

    def _guard_answered(self, operation: Operation, result: Result) -> None:
        request = operation.request
        if self._guarding is None or request.kind != "ra":
            return
        if request.action in (Action.PROBE, Action.MONITOR):
            if result.outcome is Outcome.STOPPED:
                self._guarding.release(request.subject)
            elif result.outcome is not Outcome.REFUSED:
                self._guarding.watch(request)  # found running by an executor that did not start it
        elif request.action is Action.START and result.outcome is Outcome.DONE:
            self._guarding.watch(request)  # until now the child's own hold was enough, or has run out
        elif operation.was_watched and result.outcome is not Outcome.DONE:
            self._guarding.watch(request)

    # What comes too late

    def _noted(self, request: Run) -> Result | None:
        """Take note of an order; return the answer when it is late."""
        return self._tokens.take(request) if self._tokens is not None else None

    def _stale_start(self, operation: Operation) -> Result | None:
        """Return the answer if the hold was lost while it started, or a newer order or a stop came for its group.

        Then somebody else may have it: it does not count, and is stopped.
        """
        permission, request = self._birth.permission, operation.request
        if permission is not None and permission.is_expired and request.kind == "ra":
            return SILENCED
        return self._tokens.overtaken(request) if self._tokens is not None else None

    def _forget(self, operation: Operation) -> None:
        """Its child is gone; only a pipe that a service holds may stay, read by its handler."""
        self._operations.pop(operation.request.id, None)
        if operation.child is not None and self._ledger is not None:
            self._ledger.strike(operation.child.pid)
        if self._follow_ups.get(operation.key) is operation:
            del self._follow_ups[operation.key]
            self._advance(operation.key)
