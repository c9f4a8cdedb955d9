"""One operation as the executor sees it: its request, its child, its time, and what the child has said so far."""

import enum
import os
import signal
from dataclasses import dataclass, field

import msgspec

from heartbeat.executor.child import Child, Told
from heartbeat.executor.mask import Mask
from heartbeat.executor.tail import Tail
from heartbeat.executor.verdict import one_line
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.wire.executor import Run
from heartbeat.wire.local import Malformed, Unpacker

LOOKS = (Action.PROBE, Action.MONITOR, Action.ANNOUNCE)
"""Change nothing, so they leave the follow-up work of a start alone."""

GIVE_WAY = (Action.HOSTS, Action.LOOK, Action.CHECK)
"""Looks at a device that nobody waits for: a fence ends them, and what they saw is lost."""

READ_MAX = 16
"""Chunks of 64 KiB read at one go from one child: one that never stops talking must not hold the others up."""

_decode_told = msgspec.msgpack.Decoder(Told).decode


class Phase(enum.Enum):
    WAITING = "waiting"
    """For its turn at its subject; nothing is forked yet."""
    HELD = "held"
    """Forked and preparing or prepared; it has not acted."""
    ACTING = "acting"
    ENDING = "ending"
    """Past its deadline, SIGTERM sent."""
    KILLED = "killed"
    """SIGKILL sent."""
    REPORTED = "reported"
    """Answered; a child that goes on does follow-up work, or does not die."""


@dataclass(slots=True, eq=False)
class Operation:
    """State of one Run. ``Operations`` moves it along."""

    request: Run
    deadline_s: float
    """Monotonic."""
    phase: Phase = Phase.WAITING
    timer_s: float | None = None
    """Monotonic: when the next thing happens to it by itself."""
    acted_s: float | None = None
    """Monotonic: when the child was let go."""
    child: Child | None = None
    is_reaped: bool = False
    gave_way: bool = False
    """Ended early, because a fence with the same device may not wait for a look at it."""
    was_watched: bool = False
    """Of a stop: the guard let go of it, and takes it back if it is not stopped."""
    told: Told | None = None
    tail: Tail = field(default_factory=Tail)
    _unpacker: Unpacker = field(default_factory=Unpacker)

    @property
    def key(self) -> tuple[str, str]:
        """Operations of one key happen one after the other."""
        return (self.request.kind, self.request.subject)

    @property
    def lives(self) -> bool:
        return self.child is not None and not self.is_reaped

    def read_result(self) -> bool:
        """Read what the child says; return True at its end of file, or when it speaks nonsense."""
        assert self.child is not None
        while True:
            try:
                chunk = os.read(self.child.result_fd, 65536)
            except BlockingIOError:
                return False
            if not chunk:
                return True
            try:
                for message in self._unpacker.feed(chunk):
                    self.told = _decode_told(message)
            except (Malformed, msgspec.MsgspecError):
                return True

    def read_output(self) -> tuple[bytes, bool]:
        """Return what was printed since, and whether nobody can print any more."""
        assert self.child is not None
        heard = b""
        for _ in range(READ_MAX):
            try:
                chunk = os.read(self.child.output_fd, 65536)
            except BlockingIOError:
                return heard, False
            if not chunk:
                return heard, True
            heard += chunk
            if self.phase is not Phase.REPORTED:
                self.tail.add(chunk)
        return heard, False

    def signal_group(self, number: int) -> bool:
        """Signal the child's whole process group; return False when nobody is left in it."""
        assert self.child is not None
        try:
            os.killpg(self.child.pid, number)
        except ProcessLookupError:
            return False
        except PermissionError:  # somebody is there, under another user
            return True
        return True

    def signal_child(self, number: int) -> None:
        """Signal the child alone: a service that its program left in the group is not its business."""
        if self.child is not None and not self.is_reaped:
            os.kill(self.child.pid, number)

    def is_group_gone(self) -> bool:
        return self.is_reaped and not self.signal_group(0)

    def died_result(self, status: int) -> Result:
        """Return what a child's end means that said nothing: we do not know what it did."""
        if os.WIFSIGNALED(status):
            how = f"was ended by {signal.Signals(os.WTERMSIG(status)).name}"
        else:
            how = f"ended with status {os.WEXITSTATUS(status)}"
        return Result(Outcome.UNKNOWN, f"the operation's process {how} before it answered")

    def blotted(self, result: Result, took_s: float) -> Result:
        """Return the result as it may leave the executor: with the output, without any secret."""
        if self.told is None:
            # A child that never spoke did not tell which parameters are secret either: take them all as secret.
            mask = Mask([text for text in self.request.params.values() if len(text) > 3])
        else:
            mask = Mask([self.request.params.get(name, "") for name in self.told.secret_names])
        seen = result.inspection.hidden(mask) if result.inspection else None
        return msgspec.structs.replace(
            result, detail=mask(one_line(result.detail)), output=self.tail.text(mask), took_s=took_s, inspection=seen
        )
