"""votes, auto_tie_breaker and last_man_standing: who counts how much from three nodes on."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.model.electorate import NOBODY, Electorate
from heartbeat.model.names import Nid

LoadText = Callable[..., Any]

ONE = "node1 10.0.0.1\n"
MEDIA = "mcast eth0 225.0.0.1 694 1 0\nbcast eth1\nauto_failback off\n"
JUDGED = ("HB-C038", "HB-C039", "HB-C015", "HB-C021", "HB-C022", "HB-C023")
FOUR = "node node1 node2 node3 node4\n" + MEDIA


def electorate(loaded: Any) -> Electorate:
    assert loaded.config is not None, loaded.findings
    said: Electorate = loaded.config.cluster.electorate
    return said


def codes(loaded: Any) -> list[str]:
    return [finding.code for finding in loaded.findings if finding.code in JUDGED]


def test_by_default_each_node_has_a_vote_and_nobody_breaks_ties(load_text: LoadText) -> None:
    assert electorate(load_text(haresources=ONE, ha_cf=FOUR)) == Electorate((), NOBODY)


def test_votes_are_by_node_in_the_order_of_names(load_text: LoadText) -> None:
    ha_cf = "node node4 node3 node2 node1\n" + MEDIA + "votes Node3 0\nvotes node1 3\nauto_tie_breaker node2\n"
    assert electorate(load_text(haresources=ONE, ha_cf=ha_cf)) == Electorate((3, 1, 0, 1), Nid(1))


@pytest.mark.parametrize(("word", "nid"), [("lowest", 0), ("highest", 3), ("NODE2", 1)])
def test_the_tie_breaker_is_the_first_the_last_or_a_name(load_text: LoadText, word: str, nid: int) -> None:
    assert electorate(load_text(haresources=ONE, ha_cf=FOUR + f"auto_tie_breaker {word}\n")).tie_breaker == nid


def test_nodes_that_vote_otherwise_are_another_cluster(load_text: LoadText) -> None:
    plain, weighed = load_text(haresources=ONE, ha_cf=FOUR), load_text(haresources=ONE, ha_cf=FOUR + "votes node1 2\n")
    assert plain.config.cluster.digest != weighed.config.cluster.digest
    assert plain.config.cluster.nodes_digest == weighed.config.cluster.nodes_digest


@pytest.mark.parametrize(
    ("line", "code", "place"),
    [
        ("votes node5 1", "HB-C038", 7),
        ("auto_tie_breaker first", "HB-C038", 18),
        ("votes node1 -1", "HB-C015", 13),
        ("votes node1 1001", "HB-C015", 13),
        ("votes node1 0\nvotes node2 0\nvotes node3 0\nvotes node4 0", "HB-C015", 1),
    ],
)
def test_a_wrong_line_is_an_error_with_its_place(load_text: LoadText, line: str, code: str, place: int) -> None:
    loaded = load_text(haresources=ONE, ha_cf=FOUR + line + "\n")
    assert loaded.config is None
    assert codes(loaded) == [code]
    (finding,) = loaded.errors
    assert (finding.place.line, finding.place.column) == (5, place)
    assert finding.mend


@pytest.mark.parametrize(
    "ha_cf",
    [
        "node node1 node2\n" + MEDIA + "votes node1 2\n",
        "node node1 node2\n" + MEDIA + "auto_tie_breaker lowest\n",
        "node node1 node2 node3\n" + MEDIA + "auto_tie_breaker lowest\n",
    ],
)
def test_what_never_decides_is_said(load_text: LoadText, ha_cf: str) -> None:
    loaded = load_text(haresources=ONE, ha_cf=ha_cf)
    assert loaded.config is not None
    assert codes(loaded) == ["HB-C039"]


def test_the_voters_follow_the_members_where_the_window_is_given(load_text: LoadText) -> None:
    loaded = load_text(
        haresources=ONE, ha_cf=FOUR + "deadtime 1\nkeepalive 200ms\nlast_man_standing 10\nauto_tie_breaker node2\n"
    )
    assert electorate(loaded) == Electorate((), Nid(1), 10.0)
    assert codes(loaded) == []


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("last_man_standing 10 s\nvotes node1 2", "HB-C021"),
        ("last_man_standing 900ms", "HB-C023"),
        ("last_man_standing 0", "HB-C015"),
        ("last_man_standing yes", "HB-C015"),
    ],
)
def test_a_window_that_contradicts_another_line_is_found(load_text: LoadText, lines: str, code: str) -> None:
    loaded = load_text(haresources=ONE, ha_cf=FOUR + "deadtime 1\nkeepalive 200ms\n" + lines + "\n")
    assert codes(loaded) == [code]
    assert (loaded.config is None) == (code != "HB-C023")


def test_two_nodes_have_no_last_man(load_text: LoadText) -> None:
    two = "node node1 node2\n" + MEDIA + "deadtime 1\nkeepalive 200ms\nlast_man_standing 10\n"
    loaded = load_text(haresources="node1 10.0.0.1\n", ha_cf=two)
    assert codes(loaded) == ["HB-C022"]
    assert electorate(loaded) == Electorate()
