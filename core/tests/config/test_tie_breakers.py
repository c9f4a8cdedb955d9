"""quorum_server and tie_breaker: whom halves ask, and in which order."""

from collections.abc import Callable
from typing import Any

import pytest

LoadText = Callable[..., Any]

ONE = "node1 10.0.0.1\n"
FOUR = "node node1 node2 node3 node4\nmcast eth0 225.0.0.1 694 1 0\nbcast eth1\nauto_failback off\n"


def test_who_only_denies_is_asked_before_who_grants(load_text: LoadText) -> None:
    loaded = load_text(haresources=ONE, ha_cf=FOUR + "quorum_server 10.0.0.9\ntie_breaker gateway 10.0.0.1 7\n")
    first, last = loaded.config.tie_breakers
    assert (first.name, first.type, first.grants, first.params) == (
        "gateway #2", "gateway", False, {"host": "10.0.0.1", "port": "7"},
    )  # fmt: skip
    assert (last.name, last.type, last.grants, last.params) == (
        "witness 10.0.0.9",
        "witness",
        True,
        {"host": "10.0.0.9"},
    )
    assert loaded.config.cluster.electorate.tie_breakers == ("gateway #2", "witness 10.0.0.9")
    assert "10.0.0.9" not in repr(last).replace(last.name, "")


def test_nodes_that_ask_somebody_else_are_another_cluster(load_text: LoadText) -> None:
    one, other = (load_text(haresources=ONE, ha_cf=FOUR + f"quorum_server 10.0.0.{n}\n").config for n in (8, 9))
    assert one.cluster.digest != other.cluster.digest


@pytest.mark.parametrize("votes", ["votes node1 2", "votes node1 0"])
def test_where_votes_have_no_halves_nobody_is_asked_in_vain(load_text: LoadText, votes: str) -> None:
    loaded = load_text(haresources=ONE, ha_cf=FOUR + f"quorum_server 10.0.0.9\n{votes}\n")
    assert "HB-C134" in [finding.code for finding in loaded.findings]
