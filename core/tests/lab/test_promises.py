"""The oracle's judgement: every promise has a history that breaks it."""

from collections.abc import Sequence

import pytest
from heartbeat.lab.promises import AddressJudge, Answer, Window, broken_resources, excused_windows
from heartbeat.lab.record import Event


def history(text: str) -> list[Event]:
    """One event a line: ``2.0 start web node1``."""
    lines = [line.split() for line in text.strip().splitlines()]
    return [Event(float(at), kind, tuple(words)) for at, kind, *words in lines]


def answers(text: str) -> list[Answer]:
    """One answer a line: time, node, question."""
    lines = [line.split() for line in text.strip().splitlines()]
    return [Answer(float(at), "arp", "10.0.0.9", node, int(question)) for at, node, question in lines]


def broken_addresses(answers: Sequence[Answer], excused: Sequence[Window] = ()) -> list[str]:
    judge = AddressJudge()
    judge.take(answers, excused)
    return judge.broken()


def test_one_node_after_the_other_is_well() -> None:
    assert not broken_resources(history("1 start web node1\n2 stop web node1\n3 start web node2"))


def test_a_start_before_the_other_s_stop_breaks_the_promise() -> None:
    (broken,) = broken_resources(history("1 start web node1\n2 start web node2\n3 stop web node1"))
    assert broken == "web was started on node2 at 2.000 while node1 held it"


def test_the_death_of_a_node_ends_all_that_it_held() -> None:
    assert not broken_resources(history("1 start web node1\n2 off node1\n3 start web node2"))


@pytest.mark.parametrize(
    "between", ["freeze node1", "kill node1 daemon", "cut node1 all both all", "daemon-ended node1 1"]
)
def test_nothing_less_than_death_does(between: str) -> None:
    assert broken_resources(history(f"1 start disk node1\n2 {between}\n3 start disk node2"))


def test_a_stateless_resource_is_judged_by_its_answers_instead() -> None:
    assert not broken_resources(history("1 start web node1\n2 start web node2"), stateless=["web"])


def test_starting_again_where_it_runs_is_well() -> None:
    assert not broken_resources(history("1 start web node1\n2 start web node1"))


def test_an_address_that_moves_is_well() -> None:
    assert not broken_addresses(answers("1.00 node1 1\n1.01 node1 2\n1.02 node2 3\n1.03 node2 4\n2.0 node1 90"))


def test_two_answers_to_one_question_break_the_promise() -> None:
    (broken,) = broken_addresses(answers("1.00 node1 1\n1.01 node1 2\n1.01 node2 2"))
    assert broken == "10.0.0.9: node1 and node2 both answered one question (arp) at 1.010"


def test_answers_are_judged_with_those_that_came_before() -> None:
    judge = AddressJudge()
    for line in ("1.00 node1 1", "1.01 node1 2", "1.01 node2 2", "1.02 node1 3"):
        judge.take(answers(line))
    assert judge.broken() == ["10.0.0.9: node1 and node2 both answered one question (arp) at 1.010"]


def test_answers_in_turn_break_it_too() -> None:
    assert broken_addresses(answers("1.00 node1 1\n1.01 node2 2\n1.02 node1 3"))


def test_a_pair_of_nodes_is_blamed_once() -> None:
    both = "\n".join(f"{at} node{node} {at}" for at in range(50) for node in (1, 2))
    assert len(broken_addresses(answers(both))) == 1


def test_a_cut_made_by_the_test_excuses_an_address_until_shortly_after_the_heal() -> None:
    windows = excused_windows(history("1 cut node1 all both all\n5 heal"), links=2, after_heal_s=1)
    assert windows == [Window(1, 6)]
    assert not broken_addresses(answers("2 node1 1\n2 node2 1\n5.9 node1 2\n5.9 node2 2"), windows)
    assert broken_addresses(answers("6.1 node1 1\n6.1 node2 1"), windows)


def test_but_never_a_resource_that_shares_data() -> None:
    assert broken_resources(history("0 start disk node1\n1 cut node1 all both all\n2 start disk node2\n3 heal"))


def test_one_link_of_two_excuses_nothing_and_both_one_by_one_do() -> None:
    assert not excused_windows(history("1 cut node1 eth0 both all\n5 heal"), links=2)
    one_by_one = history("1 cut node1 eth0 both all\n2 cut node1 eth1 both all\n5 heal")
    assert excused_windows(one_by_one, links=2, after_heal_s=1) == [Window(2, 6)]


def test_a_cut_that_was_never_healed_excuses_until_the_end() -> None:
    assert excused_windows(history("1 cut node1 all both all"), links=1) == [Window(1, float("inf"))]
