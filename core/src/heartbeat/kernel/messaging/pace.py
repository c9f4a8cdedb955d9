"""The pace: when this node tells how far it is, and when it asks the others.

What others wait for is told at once, but not more often than PACE_S; what only frees memory may wait for something to
ride on. Who waits for an answer that does not come asks for it, less and less often.
"""

PACE_S = 0.0005
"""Between two messages that only tell how far this node is."""
LAZY_S = 0.010
"""So long may news wait that nobody is held up by."""
POKE_FIRST_S, POKE_LAST_S = 0.030, 0.500
"""The wait for an answer before it is asked for doubles from the one to the other."""
NEVER_S = float("inf")


class Pace:
    """In one view."""

    def __init__(self) -> None:
        self._told_s = float("-inf")
        self._due_s = NEVER_S
        self._poke_s = NEVER_S
        self._pause_s = POKE_FIRST_S

    def news(self, now_s: float) -> None:
        """There is something that others may wait for."""
        self._due_s = min(self._due_s, max(now_s, self._told_s + PACE_S))

    def trifle(self, now_s: float) -> None:
        """There is something that others will want to know some time."""
        self._due_s = min(self._due_s, now_s + LAZY_S)

    def asked(self) -> None:
        """Somebody wants to know how far this node is."""
        self._due_s = float("-inf")

    @property
    def is_asked(self) -> bool:
        return self._due_s == float("-inf")

    def is_due(self, now_s: float) -> bool:
        return now_s >= self._due_s

    def told(self, now_s: float) -> None:
        """Everything was told."""
        self._told_s, self._due_s = now_s, NEVER_S

    def progress(self, now_s: float) -> None:
        """The others came further: what is still missing will come."""
        self._pause_s = POKE_FIRST_S
        if self._poke_s < NEVER_S:
            self._poke_s = now_s + self._pause_s

    def pokes(self, now_s: float, *, is_restless: bool) -> bool:
        """Is it time to ask? ``is_restless``: this node waits for the others."""
        if not is_restless:
            self._poke_s, self._pause_s = NEVER_S, POKE_FIRST_S
        elif self._poke_s == NEVER_S:
            self._poke_s = now_s + self._pause_s
        elif now_s >= self._poke_s:
            self._pause_s = min(2 * self._pause_s, POKE_LAST_S)
            self._poke_s = now_s + self._pause_s
            return True
        return False

    def deadline_s(self) -> float:
        return min(self._due_s, self._poke_s)
