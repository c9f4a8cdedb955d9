"""This node's own groups: probed, started left to right, stopped right to left, and what went wrong on the way.

One group does one thing at a time. A time-out means unknown, never stopped and never failed: after it the resource
is looked at again, and what cannot be shown to be gone blocks the group.
"""

import enum
from collections.abc import Callable

from heartbeat.kernel.desk import Desk
from heartbeat.kernel.effects import Cancel, Go
from heartbeat.model.group import Group, Resource
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.wire.messages import Holding, Local

EXECUTOR_GRACE_S = 5.0
"""The executor ends an operation at its deadline; a result that takes this much longer is given up as unknown."""


class Doing(enum.Enum):
    """What the group is in the middle of."""

    NOTHING = "nothing"
    PROBING = "probing"
    PREPARING = "preparing"
    STARTING = "starting"
    STOPPING = "stopping"
    LOOKING = "looking"
    """After a stop that did not end well: is the resource gone all the same?"""


class LocalGroup:
    """One group on this node."""

    def __init__(self, desk: Desk, index: int, group: Group, fence_me: Callable[[int, str], int]) -> None:
        self._desk = desk
        self._fence_me = fence_me
        self.index = index
        self.group = group
        self.state = Local.UNKNOWN
        self.doing = Doing.NOTHING
        self.since_s = 0.0
        self.token = 0
        self.proved = True
        self.yields = False
        """Another node has it too, and keeps it: silent here until it is stopped."""
        self.muted = False
        self.held: dict[str, str] = {}
        """By resource: what silences it by itself; empty: the guard alone."""
        self.failures = 0
        self.detail = ""
        self.decision = 0
        """The newest decision about it here: the next one's cause."""
        self.found: dict[int, Outcome] = {}
        """What the last look at each resource said, by its index."""
        self._waiting: dict[int, int] = {}
        """Operation id to resource index."""
        self._at = 0
        self._give_up_s = float("inf")
        self._stop_wanted = False
        self._prepared = 0
        """Id of a start on hold; 0 for none."""

    # What others see.

    @property
    def subject(self) -> str:
        return f"group {self.group.name}"

    def holding(self) -> Holding:
        hold = next((how or "guard only" for how in self.held.values()), "")
        return Holding(self.index, self.state, self.token, self.proved, self.failures, self.detail, self.muted, hold)

    @property
    def is_busy(self) -> bool:
        return self.doing not in (Doing.NOTHING, Doing.PREPARING)

    def _become(self, state: Local, kind: str, text: str, *causes: int | str, alarm: bool = False) -> None:
        if self.decision:
            causes = (*causes, self.decision)
        self.state = state
        self.since_s = self._desk.now_s
        self._desk.urgent = True
        self.decision = self._desk.decide(kind, self.subject, text, *causes, alarm=alarm)

    def saw(self, token: int) -> None:
        """Orders up to this one were given to this machine before: they are over."""
        self.token = max(token, self.token)

    # Probe: before anything else, what is here?

    def executor_came(self, token: int) -> None:
        """Look again, also at what runs: a new executor guards, and so lets answer, only what it has seen running."""
        self.saw(token)
        if self.state in (Local.UNKNOWN, Local.RUNNING):
            self.probe("the executor is ready")

    def probe(self, why: str) -> None:
        """Look at every resource, all at once."""
        self.drop_preparation()
        self.state, self.doing, self.found = Local.UNKNOWN, Doing.PROBING, {}
        self._waiting = {}
        for at, resource in enumerate(self.group.resources):
            self._run(Action.PROBE, at, resource.monitor_timeout_s)
        self.decision = self._desk.decide(
            "group.probe", self.subject, f"looking whether {self.group.name} runs here", why
        )

    def _probed(self) -> None:
        running = [at for at, outcome in self.found.items() if outcome is not Outcome.STOPPED]
        name, count = self.group.name, len(self.group.resources)
        self.doing = Doing.NOTHING
        if not running:
            self._become(Local.STOPPED, "group.clear", f"{name} does not run here", "every resource was found stopped")
        elif len(running) == count and set(self.found.values()) == {Outcome.RUNNING}:
            self._become(
                Local.RUNNING,
                "group.adopted",
                f"{name} was found running here and is kept",
                "every resource was found running",
            )
        else:
            names = ", ".join(self.group.resources[at].name for at in sorted(running))
            self._become(
                Local.STOPPING,
                "group.partial",
                f"{name} was found half running here and is stopped",
                f"{len(running)} of {count} resources run or cannot be judged: {names}",
                alarm=True,
            )
            self._stop_from(count - 1)

    # Start.

    def prepare(self, token: int) -> None:
        """Fork and warm the first start; nothing acts before it may, and then by the token of the order to start."""
        if self.state is Local.STOPPED and self.doing is Doing.NOTHING:
            self.doing = Doing.PREPARING
            timeout_s = self.group.resources[0].start_timeout_s
            self._prepared = self._run(Action.START, 0, timeout_s, on_hold=True, token=token)
            self._give_up_s = float("inf")

    def drop_preparation(self) -> None:
        if self.doing is Doing.PREPARING:
            self._desk.effects.append(Cancel(self._prepared))
            self._waiting.pop(self._prepared, None)
            self._prepared, self.doing = 0, Doing.NOTHING

    def start(self, token: int, why: str, cause: int, *, proved: bool) -> None:
        """Start left to right. The caller made sure that it may."""
        if self.state is not Local.STOPPED or self.is_busy:
            return
        self.token, self.proved, self._stop_wanted = token, proved, False
        self.detail = ""
        self._become(Local.STARTING, "group.start", f"starting {self.group.name}", why, *([cause] if cause else []))
        if self.doing is Doing.PREPARING:
            self._desk.effects.append(Go(self._prepared, token))
            self._at, self._prepared = 0, 0
            self._expect(self.group.resources[0].start_timeout_s)
            self.doing = Doing.STARTING
        else:
            self.doing = Doing.STARTING
            self._start_at(0)

    def _start_at(self, at: int) -> None:
        self._at = at
        self._run(Action.START, at, self.group.resources[at].start_timeout_s)

    def _started(self, result: Result) -> None:
        resource = self.group.resources[self._at]
        if result.outcome is Outcome.DONE and not self._stop_wanted:
            if self._at + 1 < len(self.group.resources):
                self._start_at(self._at + 1)
                return
            self.doing, self.failures = Doing.NOTHING, 0
            self._become(
                Local.RUNNING,
                "group.running",
                f"{self.group.name} runs here",
                f"{resource.name}, its last resource, was started in {result.took_s * 1000:.0f} ms",
            )
            return
        if result.outcome is not Outcome.DONE:
            # Cancelled: the node was not allowed to answer. That says nothing about the resource here.
            self.failures += result.outcome is not Outcome.CANCELLED
            self.detail = f"{resource.name} {_how(result)} on start"
            self._become(
                Local.STOPPING,
                "group.start-failed",
                f"{self.group.name} could not be started here: {self.detail}",
                self.detail,
                alarm=True,
            )
        self._stop_wanted = False
        self.state = Local.STOPPING
        self._desk.urgent = True
        self._stop_from(self._at)

    def give_up_start(self, why: str) -> None:
        """What was allowed when the start began is not certain any more: let its operation end, then stop it."""
        if self.doing is Doing.STARTING:
            self.stop(0, why)

    # Stop.

    def stop(self, token: int, why: str) -> None:
        """Stop right to left; a start under way is let end first, a blocked group is tried again."""
        self.drop_preparation()
        self.saw(token)
        if self.doing is Doing.STARTING:
            self._stop_wanted = True
            return
        if self.is_busy or self.state in (Local.STOPPED, Local.UNKNOWN):
            return
        self._become(Local.STOPPING, "group.stop", f"stopping {self.group.name}", why)
        self._stop_from(len(self.group.resources) - 1)

    def _stop_from(self, at: int) -> None:
        self._at, self.doing = at, Doing.STOPPING
        self._run(Action.STOP, at, self.group.resources[at].stop_timeout_s)

    def _stopped(self, result: Result) -> None:
        if result.outcome is Outcome.DONE:
            self._next_stop()
            return
        resource = self.group.resources[self._at]
        self.detail = f"{resource.name} {_how(result)} on stop"
        self.decision = self._desk.decide(
            "group.stop-failed", self.subject, f"{self.detail}; looking whether it is gone all the same", self.detail
        )
        self.doing = Doing.LOOKING
        self._run(Action.PROBE, self._at, resource.monitor_timeout_s)

    def _looked(self, result: Result) -> None:
        if result.outcome is Outcome.STOPPED:
            self.detail = ""
            self._next_stop()
            return
        self.doing = Doing.NOTHING
        self._become(
            Local.BLOCKED,
            "group.blocked",
            f"{self.group.name} is blocked: {self.detail}, and it may still run here",
            f"a look at it {_how(result)}",
            alarm=True,
        )
        asked = self._fence_me(self.index, self.detail)
        if asked:
            self.decision = asked

    def _next_stop(self) -> None:
        if self._at > 0:
            self._stop_from(self._at - 1)
            return
        self.doing, self.proved = Doing.NOTHING, True
        self._become(
            Local.STOPPED,
            "group.stopped",
            f"{self.group.name} is stopped here",
            "every resource was stopped, right to left",
        )

    # Operations.

    def _run(
        self, action: Action, at: int, timeout_s: float, *, on_hold: bool = False, token: int | None = None
    ) -> int:
        resource: Resource = self.group.resources[at]
        number = self._desk.run(
            action,
            resource.name,
            group=self.group.name,
            timeout_s=timeout_s,
            on_hold=on_hold,
            token=self.token if token is None else token,
        )
        self._waiting[number] = at
        self._expect(timeout_s)
        return number

    def _expect(self, timeout_s: float) -> None:
        self._give_up_s = self._desk.now_s + timeout_s + EXECUTOR_GRACE_S

    def finished(self, number: int, result: Result) -> bool:
        """Take an operation's result; False when it was not one of this group's."""
        if number not in self._waiting:
            return False
        at = self._waiting.pop(number)
        if not self._waiting:
            self._give_up_s = float("inf")
        if self.doing is Doing.PROBING:
            # A probe that was refused says that the program is not even installed: not here.
            self.found[at] = Outcome.STOPPED if result.outcome is Outcome.REFUSED else result.outcome
            if not self._waiting:
                self._probed()
        elif self.doing is Doing.PREPARING:
            # It could not even be prepared; the real start will say why.
            self._prepared, self.doing = 0, Doing.NOTHING
        elif self.doing is Doing.STARTING:
            self._started(result)
        elif self.doing is Doing.STOPPING:
            self._stopped(result)
        elif self.doing is Doing.LOOKING:
            self._looked(result)
        return True

    def executor_lost(self) -> None:
        """Whatever was under way is of unknown outcome: it is looked at again when the executor is back."""
        if self._waiting:
            self._waiting.clear()
            self._prepared, self._give_up_s = 0, float("inf")
            if self.doing is Doing.PREPARING:
                self.doing = Doing.NOTHING
                return
            self.doing = Doing.NOTHING
            self._become(
                Local.UNKNOWN,
                "group.unknown",
                f"it is unknown whether {self.group.name} runs here",
                "the executor was lost in the middle of an operation",
                alarm=True,
            )

    def deadline_s(self) -> float:
        return self._give_up_s

    def wake(self) -> None:
        """Give up on results that are overdue beyond the executor's own deadline."""
        if self._desk.now_s >= self._give_up_s:
            late = Result(Outcome.UNKNOWN, "no answer from the executor")
            for number in sorted(self._waiting):
                self.finished(number, late)


def _how(result: Result) -> str:
    words = {
        Outcome.DONE: "succeeded",
        Outcome.RUNNING: "says that it runs",
        Outcome.STOPPED: "says that it is stopped",
        Outcome.FAILED: "failed",
        Outcome.REFUSED: "could not be tried",
        Outcome.UNKNOWN: "timed out",
        Outcome.CANCELLED: "was cancelled",
    }[result.outcome]
    return f"{words} ({result.detail})" if result.detail else words
