"""Tokens: against a plain list of all orders that a machine has seen."""

from heartbeat.model.operation import Action
from heartbeat.model.tokens import Tokens
from hypothesis import given
from hypothesis import strategies as st

ORDERS = st.tuples(st.sampled_from((Action.START, Action.STOP, Action.PROBE)), st.integers(1, 6))
HAPPENS = st.lists(st.one_of(ORDERS, st.just("the daemon left")), max_size=20)


@given(HAPPENS, st.integers(1, 6))
def test_a_start_is_late_by_what_came_before_it(happens: list[tuple[Action, int] | str], token: int) -> None:
    tokens = Tokens()
    least = 1
    for each in happens:
        if isinstance(each, str):
            tokens.daemon_left()
            least = max(least, tokens.highest.get("web", 0) + 1)
            continue
        action, order = each
        if action is not Action.START or not tokens.is_late("web", order):
            tokens.see("web", order, action)
            if action is Action.START:
                least = order
            elif action is Action.STOP:
                least = tokens.highest["web"] + 1
    assert tokens.is_late("web", token) is (token < least)
    assert not tokens.is_late("mail", token)


def test_a_start_is_overtaken_by_a_higher_order_or_a_stop_and_not_by_its_daemons_end() -> None:
    tokens = Tokens()
    tokens.see("web", 5, Action.START)
    tokens.daemon_left()
    tokens.see("web", 9, Action.PROBE)
    assert not tokens.is_overtaken("web", 5)
    tokens.see("web", 4, Action.STOP)
    assert tokens.is_overtaken("web", 5)
    tokens.see("web", 6, Action.START)
    assert [tokens.is_overtaken("web", token) for token in (5, 6)] == [True, False]


def test_what_was_kept_is_over() -> None:
    tokens = Tokens({"web": 5})
    assert [tokens.is_late("web", token) for token in (4, 5, 6)] == [True, True, False]


def test_what_another_has_seen_raises_and_never_lowers() -> None:
    tokens = Tokens({"web": 5, "mail": 2})
    tokens.see("web", 6, Action.START)
    tokens.raise_to({"web": 4, "mail": 7})
    assert tokens.highest == {"web": 6, "mail": 7}
    assert not tokens.is_late("web", 6), "and what is going on goes on"
    tokens.raise_to({"web": 8})
    assert tokens.is_late("web", 8)
