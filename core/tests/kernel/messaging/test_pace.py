"""The pace: news at once but not too often, trifles some time, and a question when nothing comes."""

from heartbeat.kernel.messaging.pace import LAZY_S, NEVER_S, PACE_S, POKE_FIRST_S, POKE_LAST_S, Pace


def test_news_is_told_at_once_and_the_next_after_a_moment() -> None:
    pace = Pace()
    pace.news(1.0)
    assert pace.is_due(1.0)
    pace.told(1.0)
    pace.news(1.0)
    assert not pace.is_due(1.0)
    assert pace.deadline_s() == 1.0 + PACE_S


def test_a_trifle_waits_for_something_to_ride_on_but_not_for_ever() -> None:
    pace = Pace()
    pace.trifle(1.0)
    assert pace.deadline_s() == 1.0 + LAZY_S
    pace.told(1.001)
    assert pace.deadline_s() == NEVER_S


def test_who_is_asked_answers_at_once() -> None:
    pace = Pace()
    pace.told(1.0)
    pace.asked()
    assert pace.is_asked
    assert pace.is_due(1.0)


def test_who_waits_asks_less_and_less_often_until_something_comes() -> None:
    pace, waits, now_s = Pace(), [], 1.0
    assert not pace.pokes(now_s, is_restless=True)
    for _ in range(7):
        waits.append(round(pace.deadline_s() - now_s, 3))
        now_s = pace.deadline_s()
        assert pace.pokes(now_s, is_restless=True)
    assert waits == [POKE_FIRST_S, 0.06, 0.12, 0.24, 0.48, POKE_LAST_S, POKE_LAST_S]
    pace.progress(now_s)
    assert pace.deadline_s() == now_s + POKE_FIRST_S
    assert not pace.pokes(now_s, is_restless=False)
    assert pace.deadline_s() == NEVER_S
