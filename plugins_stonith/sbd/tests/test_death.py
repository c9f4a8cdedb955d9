"""What the disks prove: by hand, and against every way in which a receiver may be slow."""

import uuid
from dataclasses import dataclass, replace

import pytest
from heartbeat.plugin import Power
from heartbeat_stonith_sbd.death import CLOCK_RATE, Death
from heartbeat_stonith_sbd.layout import Header, Message, Order, Phase, Place, State
from heartbeat_stonith_sbd.slot import Slot
from hypothesis import given, settings
from hypothesis import strategies as st

WATCHDOG_S, MSGWAIT_S = 5.0, 10.0
HEADER = Header(Place(uuid.UUID(int=7), 0, 1), WATCHDOG_S, 1.0, MSGWAIT_S, 2)
LIFE, OTHER_LIFE = uuid.UUID(int=1), uuid.UUID(int=2)
STATE = State("node1", LIFE, Phase.ARMED, watchdog_s=WATCHDOG_S, count=5)
ORDER = Message("node1", LIFE, Order.FENCE, uuid.UUID(int=100), "node2")


def slot(asked_s: float, state: State = STATE, *messages: Message, majority: int = 1) -> Slot:
    return Slot(0, state, messages or (ORDER,), majority, asked_s)


def after(death: Death, *looks: Slot) -> tuple[Power, float]:
    """Return what the last of the looks proves, and for how long to wait."""
    found = [death.look(it, HEADER) for it in looks]
    return found[-1].power, round(found[-1].wait_s, 3)


DYING = replace(STATE, phase=Phase.DYING, count=6, answered=ORDER.id)


def test_a_node_that_does_not_answer_is_off_when_msgwait_has_passed_by_a_clock_that_may_be_fast() -> None:
    assert after(Death(LIFE, LIFE), slot(100.0)) == (Power.UNKNOWN, 10.1)
    assert after(Death(LIFE, LIFE), slot(100.0), slot(110.0)) == (Power.UNKNOWN, 0.1)
    assert after(Death(LIFE, LIFE), slot(100.0), slot(110.11)) == (Power.OFF, 0.0)


def test_who_has_answered_is_off_when_its_watchdog_had_its_time() -> None:
    assert after(Death(LIFE, None), slot(100.0), slot(101.0, DYING)) == (Power.UNKNOWN, 5.05)
    assert after(Death(LIFE, None), slot(100.0), slot(101.0, DYING), slot(106.06, DYING)) == (Power.OFF, 0.0)
    assert after(Death(LIFE, None), slot(100.0, DYING)) == (Power.UNKNOWN, 5.05), "when it answered nobody saw"


def test_without_an_order_it_is_on() -> None:
    assert after(Death(LIFE, LIFE), slot(100.0, STATE, Message("node1"))) == (Power.ON, 0.0)
    old = replace(ORDER, boot_id=OTHER_LIFE)
    assert after(Death(LIFE, LIFE), slot(100.0, STATE, old)) == (Power.ON, 0.0), "an order for an earlier life"


def test_an_order_on_a_minority_counts_for_nothing() -> None:
    none = Message("node1")
    look = slot(100.0, STATE, ORDER, none, none, majority=2)
    assert after(Death(LIFE, LIFE), look) == (Power.ON, 0.0)
    both = slot(100.0, STATE, ORDER, ORDER, majority=2)
    assert after(Death(LIFE, LIFE), both) == (Power.UNKNOWN, 10.1)


def test_another_life_is_on() -> None:
    reborn = replace(STATE, boot_id=OTHER_LIFE, count=7)
    assert after(Death(LIFE, LIFE), slot(100.0), slot(120.0, reborn)) == (Power.ON, 0.0)


@pytest.mark.parametrize("phase", [Phase.NEVER, Phase.LEFT])
def test_without_a_receiver_nothing_is_proved_however_long_it_takes(phase: Phase) -> None:
    gone = replace(STATE, phase=phase)
    assert after(Death(LIFE, LIFE), slot(100.0, gone), slot(900.0, gone)) == (Power.UNKNOWN, 0.0)


def test_a_receiver_that_nobody_has_seen_proves_nothing_by_its_silence() -> None:
    """The node may have booted anew and run without a receiver: what is in the slot is then an old one's."""
    for heard in (None, OTHER_LIFE):
        assert after(Death(LIFE, heard), slot(100.0), slot(120.0)) == (Power.UNKNOWN, 0.0)
    said = Death(LIFE, OTHER_LIFE)
    said.look(slot(100.0), HEADER)
    assert "which has no receiver" in said.look(slot(120.0), HEADER).why


def test_a_receiver_that_was_seen_writing_is_known() -> None:
    wrote = replace(STATE, count=6)
    assert after(Death(LIFE, None), slot(100.0), slot(100.5, wrote), slot(110.2, wrote)) == (Power.OFF, 0.0)


def test_a_weak_watchdog_proves_nothing() -> None:
    weak = replace(DYING, is_weak=True)
    assert after(Death(LIFE, LIFE), slot(100.0, weak), slot(120.0, weak)) == (Power.UNKNOWN, 0.0)


def test_a_longer_time_out_than_promised_is_waited_for() -> None:
    slow = replace(STATE, watchdog_s=8.0)
    assert after(Death(LIFE, LIFE), slot(100.0, slow), slot(111.0, slow)) == (Power.UNKNOWN, 5.16)


def test_one_that_goes_on_in_spite_of_the_order_is_on() -> None:
    looks = [slot(100.0 + number, replace(STATE, count=5 + number)) for number in range(12)]
    assert after(Death(LIFE, LIFE), *looks) == (Power.ON, 0.0)
    lies = [slot(100.0 + number, replace(DYING, count=6 + number)) for number in range(8)]
    assert after(Death(LIFE, LIFE), *lies) == (Power.ON, 0.0)


def test_an_order_that_took_the_place_of_another_begins_anew() -> None:
    """Whoever wrote the second one may have had an old order for an earlier life in between."""
    second = replace(ORDER, id=uuid.UUID(int=101))
    looks = slot(100.0), slot(109.0, STATE, second), slot(110.2, STATE, second)
    assert after(Death(LIFE, LIFE), *looks) == (Power.UNKNOWN, 8.9)


@dataclass
class Life:
    """A receiver's whole life, from its looks: (pause before a look, from its begin to the feeding)."""

    looks: list[tuple[float, float]]
    told_s: float
    answers_after_s: float | None
    """From the look that reads the order to the answer; None: it never gets so far."""

    def __post_init__(self) -> None:
        self.feedings, self.answered_s = [0.0], float("inf")
        now_s = 0.0
        for pause_s, takes_s in self.looks:
            begun_s = now_s + pause_s
            if begun_s >= self.told_s:  # it could also have read it a little earlier: that only ends it sooner
                if self.answers_after_s is not None and begun_s + self.answers_after_s < self.reset_s:
                    self.answered_s = begun_s + self.answers_after_s
                break
            now_s = begun_s + takes_s
            if now_s > self.reset_s:
                break
            self.feedings.append(now_s)

    @property
    def reset_s(self) -> float:
        return self.feedings[-1] + WATCHDOG_S

    def slot(self, now_s: float, clock: float) -> Slot:
        """Return what is on the disk; ``clock``: how fast the clock of whoever looks is."""
        count = len([it for it in self.feedings if it <= now_s])
        state = replace(STATE, count=count)
        if now_s >= self.answered_s:
            state = replace(DYING, count=count + 1)
        message = ORDER if now_s >= self.told_s else Message("node1")
        return slot(now_s * clock, state, message)


SECONDS = st.floats(0, 2 * WATCHDOG_S, allow_nan=False)


@settings(max_examples=2000, deadline=None)
@given(
    looks=st.lists(st.tuples(st.one_of(st.just(1.0), SECONDS), st.one_of(st.just(0.01), SECONDS)), max_size=8),
    told_s=st.floats(0, 30),
    answers_after_s=st.one_of(st.none(), SECONDS),
    clock=st.floats(1 / CLOCK_RATE, CLOCK_RATE),
    first_s=st.floats(0, 5),
    pauses=st.lists(st.floats(0.3, 3), min_size=1, max_size=6),
)
def test_no_receiver_however_slow_is_off_before_its_watchdog_has_reset_it(
    looks: list[tuple[float, float]],
    told_s: float,
    answers_after_s: float | None,
    clock: float,
    first_s: float,
    pauses: list[float],
) -> None:
    life = Life(looks, told_s, answers_after_s)
    death, now_s = Death(LIFE, LIFE), told_s + first_s
    for number in range(200):
        found = death.look(life.slot(now_s, clock), HEADER)
        if found.power is Power.OFF:
            assert life.reset_s <= now_s + 1e-6, "it still ran"
        if not found.wait_s:
            return
        now_s += min(found.wait_s / clock, pauses[number % len(pauses)])
    raise AssertionError("it never came to an end")
