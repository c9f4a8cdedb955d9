"""Whether what this node persists reaches its disk. Nothing waits for it; what is only safe when remembered is refused.

A disk that fails, or is later than deadtime, costs this node its durable role: it shoots nobody whom it has never
heard, because after a restart it would not know that it did. It beats, holds and takes over with a proof as before.
"""

from heartbeat.kernel.desk import Desk
from heartbeat.kernel.effects import Persist

AGAIN_S = 60.0
"""Between two attempts to write what could not be written."""
PROBE = "disk.probe"
"""Written when the disk is tried again."""


class Durability:
    """Follows every value from its Persist to the shell's word about it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._under_way: list[tuple[str, bytes, float]] = []
        """Key, value and when it was handed over, in that order: the disk answers in the same."""
        self._failed: dict[str, bytes] = {}
        self._again_s = float("inf")
        self._given_up = 0
        """The decision that gave the role up; 0 while this node has it."""
        self.problem = ""
        """Why this node has no durable role now; empty when it has."""
        self.since_s = 0.0

    def persisted(self, key: str, error: str) -> None:
        """The shell's word: the oldest value of this key is on disk, or could not be written."""
        at = next((at for at, (each, _, _) in enumerate(self._under_way) if each == key), None)
        if at is None:  # not of this life's making: there is nothing to write again, but the disk is to be tried
            key, value = PROBE, b"1"
        else:
            value = self._under_way.pop(at)[1]
        if not error:
            self._failed.pop(key, None)
            return
        self._failed[key] = value
        self._give_up(f"state could not be stored: {error}", error)

    def wake(self) -> None:
        """Take note of what this step persists; look whether the disk is late, is to be tried again, or is well."""
        desk = self._desk
        if desk.now_s >= self._again_s:
            self._try_again()
        self._under_way += [(each.key, each.value, desk.now_s) for each in desk.effects if isinstance(each, Persist)]
        if self._is_late():
            late_s = desk.cluster.timers.deadtime_s
            self._give_up(f"state is not stored for {late_s:g} s: the disk does not answer", "later than deadtime")
        elif self.problem and not self._failed:
            desk.decide(
                "disk.back",
                desk.node(desk.me),
                "the disk stores state again: this node has its durable role back",
                self._given_up,
                "everything that waited is on disk",
            )
            self.problem, self._again_s = "", float("inf")

    @property
    def age_s(self) -> float:
        """Return for how long something has waited to be stored; 0 when nothing does."""
        if self.problem:
            return self._desk.now_s - self.since_s
        return self._desk.now_s - self._under_way[0][2] if self._under_way else 0.0

    def deadline_s(self) -> float:
        """Return when the disk will be late, or is tried again."""
        due_s = self._late_s() if self._under_way and not self.problem else float("inf")
        return min(due_s, self._again_s)

    def _late_s(self) -> float:
        return self._under_way[0][2] + self._desk.cluster.timers.deadtime_s

    def _is_late(self) -> bool:
        if not self._under_way or self._desk.now_s < self._late_s():
            return False
        if not self.problem and self._desk.now_s > self._late_s() + self._desk.cluster.timers.keepalive_s:
            # We wanted to be woken at that time: it is this node that stood still, and the answer may lie here unread.
            self._under_way = [(key, value, self._desk.now_s) for key, value, _ in self._under_way]
            return False
        return True

    def _give_up(self, problem: str, why: str) -> None:
        """Say it once, however many values fail; the newest problem is what the status shows."""
        desk = self._desk
        if not self.problem:
            self.since_s, self._again_s = desk.now_s, desk.now_s + AGAIN_S
            self._given_up = desk.decide(
                "disk.failed",
                desk.node(desk.me),
                f"{problem}; this node has no durable role until its disk is well",
                why,
                alarm=True,
            )
        self.problem = problem

    def _try_again(self) -> None:
        """Write again what failed, and a probe. Where a value still waits, its answer is the probe."""
        self._again_s = self._desk.now_s + AGAIN_S
        if not self._under_way:
            newer = {each.key for each in self._desk.effects if isinstance(each, Persist)}
            again = {**self._failed, PROBE: b"1"}
            self._desk.effects += [Persist(key, again[key]) for key in sorted(again.keys() - newer)]
