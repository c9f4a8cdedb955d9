"""A node's monotonic clock: starts anywhere, runs a little off, stands still while the machine is suspended."""

SLACK_S = 1e-9
"""Added to each timer, so that rounding never wakes a kernel one bit before the time it asked for."""


class Clock:
    """Turns the world's true seconds into what the node reads, and back."""

    __slots__ = ("_base_s", "_offset_s", "rate", "suspended_s")

    def __init__(self, offset_s: float = 0.0, rate: float = 1.0) -> None:
        """``offset_s``: what it reads at true time 0; ``rate``: its seconds per true second."""
        self._offset_s = offset_s
        self._base_s = 0.0
        self.rate = rate
        self.suspended_s: float | None = None
        """True time at which it was stopped; None while it runs."""

    def read(self, true_s: float) -> float:
        if self.suspended_s is not None:
            true_s = self.suspended_s
        return self._offset_s + (true_s - self._base_s) * self.rate

    def delay_s(self, shown_s: float, true_s: float) -> float:
        """Return in how many true seconds it shows this."""
        return max((shown_s - self.read(true_s)) / self.rate, 0.0) + SLACK_S

    def suspend(self, true_s: float) -> None:
        if self.suspended_s is None:
            self.suspended_s = true_s

    def resume(self, true_s: float) -> None:
        """Go on where it stood: the time in between never was."""
        if self.suspended_s is not None:
            self._base_s += true_s - self.suspended_s
            self.suspended_s = None
