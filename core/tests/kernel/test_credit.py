"""Credit: whoever was shot and boots into the cut must not shoot the survivor."""

from collections.abc import Callable
from typing import Any

from heartbeat.kernel import effects as fx
from heartbeat.kernel.credit import Credit
from heartbeat.kernel.durability import Durability
from heartbeat.model.names import Nid
from heartbeat.model.view import Member, View, ViewId

MakeBench = Callable[..., Any]
NODE2 = Nid(1)
ALONE = View(ViewId(1, Nid(0)), (Member(Nid(0), 1),))
BOTH = View(ViewId(2, Nid(0)), (Member(Nid(0), 1), Member(NODE2, 1)))


def _stored(bench: Any) -> dict[str, bytes]:
    return {e.key: e.value for e in bench.desk.effects if isinstance(e, fx.Persist)}


def _credit(make_bench: MakeBench, stored: dict[str, bytes] | None = None) -> tuple[Credit, Any]:
    bench = make_bench(stored=stored or {})
    return Credit(bench.desk, Durability(bench.desk)), bench


def test_a_node_that_knows_of_nobody_has_credit_once_per_target(make_bench: MakeBench) -> None:
    credit, bench = _credit(make_bench)
    assert credit.obstacle(NODE2) == ""
    credit.spend(NODE2)
    assert "already fenced once" in credit.obstacle(NODE2)
    again, _ = _credit(make_bench, _stored(bench))
    assert "already fenced once" in again.obstacle(NODE2), "a restart does not give it back"


def test_a_full_view_gives_the_credit_back_and_a_lone_one_does_not(make_bench: MakeBench) -> None:
    credit, bench = _credit(make_bench)
    credit.spend(NODE2)
    credit.view_installed(ALONE)
    assert credit.obstacle(NODE2)
    credit.view_installed(BOTH)
    assert not credit.obstacle(NODE2)
    again, _ = _credit(make_bench, {**_stored(bench), "company": b""})
    assert not again.obstacle(NODE2)


def test_who_was_there_when_my_last_life_ended_may_have_outlived_me(make_bench: MakeBench) -> None:
    credit, bench = _credit(make_bench)
    credit.view_installed(BOTH)
    again, _ = _credit(make_bench, _stored(bench))
    assert "may have outlived it" in again.obstacle(NODE2)


def test_who_was_silent_only_may_still_have_outlived_me(make_bench: MakeBench) -> None:
    """The lone view after a silence forgets nobody: silence is what both sides of a cut see."""
    credit, bench = _credit(make_bench)
    credit.view_installed(BOTH)
    credit.view_installed(ALONE)
    again, _ = _credit(make_bench, _stored(bench))
    assert again.obstacle(NODE2)


def test_who_was_proved_away_was_outlived(make_bench: MakeBench) -> None:
    credit, bench = _credit(make_bench)
    credit.view_installed(BOTH)
    credit.proved_away(NODE2)
    again, _ = _credit(make_bench, _stored(bench))
    assert not again.obstacle(NODE2)
