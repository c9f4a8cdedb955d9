"""The ledger: the owners' newest words, and proofs about one life each."""

from collections.abc import Callable
from typing import Any

from heartbeat.model.names import Nid
from heartbeat.model.proof import Proof, Proved
from heartbeat.wire.messages import Holding, Local

MakeBench = Callable[..., Any]
NODE2 = Nid(1)


def _holding(state: Local, token: int = 0) -> tuple[Holding, ...]:
    return (Holding(0, state, token, proved=True),)


def test_the_newest_word_of_the_owner_counts_whatever_order_words_come_in(make_bench: MakeBench) -> None:
    ledger = make_bench().ledger
    assert ledger.state(NODE2, 0) is Local.UNKNOWN
    ledger.told(NODE2, 1, 10, _holding(Local.RUNNING))
    ledger.told(NODE2, 1, 9, _holding(Local.STOPPED))
    assert ledger.state(NODE2, 0) is Local.RUNNING
    ledger.told(NODE2, 2, 1, _holding(Local.STOPPED))
    assert ledger.state(NODE2, 0) is Local.STOPPED
    ledger.told(NODE2, 1, 99, _holding(Local.RUNNING))
    assert ledger.state(NODE2, 0) is Local.STOPPED


def test_only_news_makes_planning_look_again(make_bench: MakeBench) -> None:
    ledger = make_bench().ledger
    ledger.told(NODE2, 1, 1, _holding(Local.RUNNING))
    ledger.dirty = False
    ledger.told(NODE2, 1, 2, _holding(Local.RUNNING))
    assert not ledger.dirty
    ledger.told(NODE2, 1, 3, _holding(Local.RUNNING, token=4))
    assert ledger.dirty


def test_the_highest_token_of_a_group_is_anybodys(make_bench: MakeBench) -> None:
    ledger = make_bench().ledger
    assert ledger.highest_token(0) == 0
    ledger.told(NODE2, 1, 1, _holding(Local.STOPPED, token=4))
    assert [ledger.highest_token(group) for group in (0, 1)] == [4, 0]
    ledger.mine[0] = _holding(Local.STOPPED, token=9)[0]
    assert ledger.highest_token(0) == 9


def test_a_proof_is_about_one_life_and_those_before(make_bench: MakeBench) -> None:
    ledger = make_bench().ledger
    ledger.prove(Proved(NODE2, 3, Proof.READ_BACK, "read off"))
    assert [ledger.proof(NODE2, life) for life in (2, 3, 4)] == [Proof.READ_BACK, Proof.READ_BACK, Proof.NONE]


def test_a_proof_is_replaced_only_by_a_stronger_or_a_later_one(make_bench: MakeBench) -> None:
    ledger = make_bench().ledger
    assert ledger.prove(Proved(NODE2, 3, Proof.READ_BACK, "read off"))
    assert not ledger.prove(Proved(NODE2, 3, Proof.ASKED, "asked"))
    assert not ledger.prove(Proved(NODE2, 2, Proof.CONFIRMED, "confirmed"))
    assert ledger.prove(Proved(NODE2, 3, Proof.CONFIRMED, "confirmed"))
    assert ledger.prove(Proved(NODE2, 4, Proof.ASKED, "asked"))


def test_shared_data_needs_more_than_a_bare_word_unless_a_test_device_was_acknowledged(
    make_bench: MakeBench, make_cluster: Callable[..., Any]
) -> None:
    assert Proof.ASKED < make_bench().ledger.needed(shares_data=True) is Proof.SELF_FENCED < Proof.READ_BACK
    assert make_bench().ledger.needed(shares_data=False) is Proof.ASKED
    assert make_bench(make_cluster(2, asked_is_enough=True)).ledger.needed(shares_data=True) is Proof.ASKED


def test_a_condemned_life_loses_its_proof_and_is_never_trusted_again(make_bench: MakeBench) -> None:
    bench = make_bench()
    ledger = bench.ledger
    ledger.prove(Proved(NODE2, 3, Proof.READ_BACK, "read off"))
    ledger.condemn(NODE2, 3)
    assert ledger.proof(NODE2, 3) is Proof.NONE
    assert [ledger.is_condemned(NODE2, life) for life in (2, 3, 4)] == [True, True, False]
    assert ledger.is_haunted(NODE2, 3)
    bench.later(1.0)
    assert ledger.is_condemned(NODE2, 3)
    assert not ledger.is_haunted(NODE2, 3), "it has fallen silent"
    ledger.ghost_spoke(NODE2, 3)
    assert ledger.is_haunted(NODE2, 3)
