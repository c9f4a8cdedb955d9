"""The shell around the kernel: what happens becomes events, what the kernel returns is carried out, in order.

No policy here. Effects of one step are carried out before the next event is looked at, whoever brings it.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from heartbeat.kernel import effects
from heartbeat.kernel.effects import Effect
from heartbeat.kernel.events import Event, FrameReceived, Suspended, Wake
from heartbeat.model.reason import Decision
from heartbeat.model.status import ClusterStatus
from heartbeat.wire.frame import Header
from heartbeat.wire.messages import Packet

SLICES_MAX = 64
"""Of a flood are read before silence is judged: with 64 frames each more than a socket's buffer holds, so all that
had arrived when we woke up. What a flood brings meanwhile must not put the verdict off for ever."""


class Mind(Protocol):
    """The kernel, as the shell sees it."""

    def step(self, now_s: float, event: Event) -> list[Effect]: ...

    def status(self, now_s: float) -> ClusterStatus: ...


class Ports(Protocol):
    """Everything outside that the shell reaches. ``daemon.node`` has the real one, a test its own."""

    def seal(self, header: Header, packet: Packet) -> bytes:
        """Return a frame's bytes."""

    def open_frame(self, link: int, frame: bytes) -> tuple[Header, Packet] | None:
        """Return what a frame says, None when it is not for us."""

    def send(self, frame: bytes, link: int) -> None:
        """Send on this link, or on every open one (-1)."""

    def drain(self) -> bool:
        """Bring in (``Shell.frame``) some of what has already arrived on the links; return whether more waits."""

    def wake_soon(self) -> None:
        """Call ``Shell.read_on`` when the loop has looked at everything else once."""

    def run_operation(self, effect: effects.Run) -> None: ...

    def go(self, effect: effects.Go) -> None: ...

    def cancel(self, effect: effects.Cancel) -> None: ...

    def hold(self, effect: effects.Hold) -> None:
        """Tell the guard until when this node's resources may answer."""

    def feed(self, effect: effects.Feed) -> None:
        """Let the guard feed the machine's watchdog."""

    def disarm(self) -> None:
        """Let it stop the watchdog's timer."""

    def persist(self, key: str, value: bytes) -> None: ...

    def record(self, decision: Decision) -> None:
        """Journal and log."""

    def arm(self, at_s: float) -> None: ...

    def answer(self, effect: effects.Answer) -> None: ...

    def deliver(self, effect: effects.Deliver) -> None:
        """Give something to programs of this node."""

    def changed(self) -> None: ...

    def halt(self, effect: effects.Halt) -> None: ...

    def broken(self, event: Event, wrong: Exception) -> None:
        """The kernel raised: its state is worth nothing any more."""

    def idle(self) -> None:
        """A beat is out and nothing waits: time for what must be done at some moment."""


class Shell:
    """One kernel at work."""

    def __init__(
        self, kernel: Mind, ports: Ports, clock: Callable[[], float], slept: Callable[[], float] = lambda: 0.0
    ) -> None:
        """``clock`` gives monotonic seconds; ``slept`` for how long the machine was suspended since the last call."""
        self._kernel = kernel
        self._ports = ports
        self._clock = clock
        self._slept = slept
        self._waiting: deque[Event] = deque()
        self._busy = False
        self._ended = False
        self._slices = 0
        self._reads_on = False
        self._carry_out: dict[type, Callable[[Any], None]] = {
            effects.Send: self._send,
            effects.Run: ports.run_operation,
            effects.Go: ports.go,
            effects.Cancel: ports.cancel,
            effects.Hold: ports.hold,
            effects.Feed: ports.feed,
            effects.Disarm: lambda _: ports.disarm(),
            effects.Persist: lambda effect: ports.persist(effect.key, effect.value),
            effects.Record: lambda effect: ports.record(effect.decision),
            effects.Arm: lambda effect: ports.arm(effect.at_s),
            effects.Answer: ports.answer,
            effects.Deliver: ports.deliver,
            effects.Changed: lambda _: ports.changed(),
            effects.Halt: self._halt,
        }

    @property
    def ended(self) -> bool:
        """True after Halt, or after the kernel raised: nothing is taken any more."""
        return self._ended

    def take(self, event: Event) -> None:
        """Step the kernel and carry out what it wants; an event that comes meanwhile waits its turn."""
        self._waiting.append(event)
        if self._busy:
            return
        self._busy = True
        try:
            # Before whatever waited for us: that may be a frame or a timer that looks punctual.
            if seconds := self._slept():
                self._waiting.appendleft(Suspended(seconds))
            while self._waiting and not self._ended:
                self._step(self._waiting.popleft())
        finally:
            self._busy = False

    def frame(self, link: int, data: bytes) -> None:
        """Take bytes that arrived on a link."""
        said = self._ports.open_frame(link, data)
        if said is not None:
            self.take(FrameReceived(link, *said))

    def wake(self) -> None:
        """The armed time has come. Silence is judged only after reading what has already arrived.

        A flood is read in slices, with an opportunity for this node's own beat between two. It comes after the first
        slice and not before: a node that stood still reads before it speaks, and whether it did the kernel knows.
        """
        self._slices += 1
        if self._ports.drain() and self._slices < SLICES_MAX and not self._ended:
            self.take(Wake(more_waits=True))
            if not self._reads_on:
                self._reads_on = True
                self._ports.wake_soon()
            return
        self._slices = 0
        self.take(Wake())
        self._ports.idle()

    def read_on(self) -> None:
        """The loop has looked at everything else since ``wake_soon``."""
        self._reads_on = False
        if self._slices and not self._ended:
            self.wake()

    def status(self) -> ClusterStatus:
        return self._kernel.status(self._clock())

    def _step(self, event: Event) -> None:
        try:
            wanted = self._kernel.step(self._clock(), event)
        except Exception as wrong:  # noqa: BLE001 - a kernel that raised is in no known state: this life ends
            self._ended = True
            self._ports.broken(event, wrong)
            return
        for effect in wanted:
            self._carry_out[type(effect)](effect)

    def _send(self, effect: effects.Send) -> None:
        self._ports.send(self._ports.seal(effect.header, effect.packet), effect.link)

    def _halt(self, effect: effects.Halt) -> None:
        self._ended = True
        self._ports.halt(effect)
