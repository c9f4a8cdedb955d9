"""A group on its node: probed first, started left to right, stopped right to left, and never gone unseen."""

from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel.groups import LocalGroup
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.wire.messages import Local

GOOD = Result(Outcome.DONE)
STOPPED = Result(Outcome.STOPPED)
RUNNING = Result(Outcome.RUNNING)
FAILED = Result(Outcome.FAILED, "no")
UNKNOWN = Result(Outcome.UNKNOWN, "timed out")
MakeBench = Callable[..., Any]


class Played:
    """A group of three resources, a, b and c, whose operations the test answers."""

    def __init__(self, make_bench: MakeBench, make_cluster: Callable[..., Any], make_group: Callable[..., Any]) -> None:
        self.bench = make_bench(make_cluster(2, make_group("data", "node1", "a", "b", "c")))
        self.asked: list[str] = []
        self.ids: list[int] = []
        """Of the operations that were last asked for."""
        self.group = LocalGroup(self.bench.desk, 0, self.bench.desk.cluster.groups[0], self._fence_me)

    def is_in(self, state: Local) -> bool:
        return self.group.state is state

    def _fence_me(self, _index: int, detail: str) -> int:
        self.asked.append(detail)
        return 77

    def take(self) -> list[str]:
        """Return what was asked of the executor since, as ``start a``."""
        words = [f"{run.action.value} {run.subject}" for run in self.bench.runs]
        self.ids = [run.id for run in self.bench.runs] or self.ids
        self.bench.desk.effects = []
        return words

    def answer(self, *results: Result) -> list[str]:
        """Answer the operations last taken, in order; return what is asked then."""
        for number, result in zip(self.ids, results, strict=True):
            assert self.group.finished(number, result)
        return self.take()

    def probed(self, *results: Result) -> list[str]:
        self.group.probe("the executor is ready")
        assert self.take() == ["probe a", "probe b", "probe c"]
        return self.answer(*results)

    def stopped(self) -> None:
        self.probed(STOPPED, STOPPED, STOPPED)

    def running(self) -> None:
        self.probed(RUNNING, RUNNING, RUNNING)
        assert self.is_in(Local.RUNNING)


@pytest.fixture
def played(make_bench: MakeBench, make_cluster: Callable[..., Any], make_group: Callable[..., Any]) -> Played:
    return Played(make_bench, make_cluster, make_group)


# Probe.


def test_before_a_probe_nothing_is_known(played: Played) -> None:
    assert played.is_in(Local.UNKNOWN)
    played.group.start(1, "go", 0, proved=True)
    assert played.take() == [], "and nothing is started"


def test_what_is_found_whole_is_adopted(played: Played) -> None:
    assert played.probed(RUNNING, RUNNING, RUNNING) == []
    assert played.is_in(Local.RUNNING)
    assert played.group.holding().token == 0


def test_what_is_found_in_part_is_stopped_right_to_left(played: Played) -> None:
    assert played.probed(RUNNING, STOPPED, STOPPED) == ["stop c"]
    assert played.is_in(Local.STOPPING)
    assert played.answer(GOOD) == ["stop b"]
    assert played.answer(GOOD) == ["stop a"]
    assert played.answer(GOOD) == []
    assert played.is_in(Local.STOPPED)


@pytest.mark.parametrize("odd", [UNKNOWN, FAILED])
def test_a_probe_that_hangs_or_fails_counts_as_running(played: Played, odd: Result) -> None:
    assert played.probed(STOPPED, odd, STOPPED) == ["stop c"]


def test_a_program_that_is_not_installed_does_not_run(played: Played) -> None:
    played.probed(Result(Outcome.REFUSED), STOPPED, STOPPED)
    assert played.is_in(Local.STOPPED)


def test_a_probe_without_any_answer_is_given_up_as_running(played: Played) -> None:
    played.group.probe("the executor is ready")
    played.take()
    played.bench.desk.now_s = played.group.deadline_s()
    played.group.wake()
    assert played.take() == ["stop c"]


# Start.


def test_a_start_goes_left_to_right_one_after_the_other(played: Played) -> None:
    played.stopped()
    played.group.start(5, "it is its home node", 0, proved=True)
    assert played.take() == ["start a"]
    assert played.answer(GOOD) == ["start b"]
    assert played.is_in(Local.STARTING)
    assert played.answer(GOOD) == ["start c"]
    assert played.answer(GOOD) == []
    assert played.is_in(Local.RUNNING)
    assert played.group.holding().token == 5


@pytest.mark.parametrize("odd", [FAILED, UNKNOWN, Result(Outcome.REFUSED)])
def test_a_start_that_does_not_succeed_is_undone_from_there(played: Played, odd: Result) -> None:
    played.stopped()
    played.group.start(5, "go", 0, proved=True)
    played.take()
    played.answer(GOOD)
    assert played.answer(odd) == ["stop b"], "what did not start is stopped too: it may have begun"
    assert played.answer(GOOD) == ["stop a"]
    played.answer(GOOD)
    assert played.is_in(Local.STOPPED)
    assert played.group.failures == 1
    assert "b " in played.group.detail


def test_a_success_forgives_earlier_failures(played: Played) -> None:
    played.stopped()
    played.group.failures = 3
    played.group.start(5, "go", 0, proved=True)
    played.take()
    for _ in range(3):
        played.answer(GOOD)
    assert played.group.failures == 0


def test_stop_during_a_start_lets_the_operation_end_and_then_stops(played: Played) -> None:
    played.stopped()
    played.group.start(5, "go", 0, proved=True)
    played.take()
    played.group.stop(6, "it moves")
    assert played.take() == []
    assert played.answer(GOOD) == ["stop a"]
    played.answer(GOOD)
    assert played.is_in(Local.STOPPED)
    assert played.group.failures == 0
    assert played.group.holding().token == 6


def test_a_start_that_is_given_up_ends_what_is_under_way_and_begins_no_more(played: Played) -> None:
    played.stopped()
    played.group.give_up_start("this node stood still")
    assert played.take() == []
    played.group.start(5, "go", 0, proved=True)
    played.take()
    played.group.give_up_start("this node stood still")
    assert played.answer(GOOD) == ["stop a"]


def test_every_start_and_stop_carries_the_token_of_its_order(played: Played) -> None:
    played.stopped()
    played.group.start(5, "go", 0, proved=True)
    assert [run.token for run in played.bench.runs] == [5]
    played.take()
    played.answer(GOOD)
    played.group.stop(7, "it moves")
    played.bench.desk.effects = []
    played.group.finished(played.ids[0], GOOD)
    assert [(run.action, run.token) for run in played.bench.runs] == [(Action.STOP, 7)]


def test_what_the_machine_has_seen_before_is_over(played: Played) -> None:
    played.stopped()
    played.group.saw(8)
    played.group.saw(3)
    assert played.group.holding().token == 8


def test_a_prepared_start_acts_only_when_told(played: Played) -> None:
    played.stopped()
    played.group.prepare(4)
    (run,) = played.bench.runs
    assert run.on_hold
    assert played.is_in(Local.STOPPED)
    played.take()
    played.group.start(5, "released", 0, proved=True)
    assert run.token == 4
    assert [e for e in played.bench.desk.effects if isinstance(e, fx.Go)] == [fx.Go(run.id, 5)]
    assert played.take() == [], "nothing is begun a second time"
    played.ids = [run.id]
    assert played.answer(GOOD) == ["start b"]


def test_a_preparation_that_is_dropped_is_cancelled(played: Played) -> None:
    played.stopped()
    played.group.prepare(4)
    (run,) = played.bench.runs
    played.group.drop_preparation()
    assert [e.id for e in played.bench.desk.effects if isinstance(e, fx.Cancel)] == [run.id]
    assert not played.group.finished(run.id, GOOD), "its result is nobody's"


# Stop.


def test_a_stop_goes_right_to_left(played: Played) -> None:
    played.running()
    played.group.stop(9, "it moves")
    assert played.take() == ["stop c"]
    assert played.answer(GOOD) == ["stop b"]
    assert played.answer(GOOD) == ["stop a"]
    played.answer(GOOD)
    assert played.is_in(Local.STOPPED)


@pytest.mark.parametrize("odd", [FAILED, UNKNOWN])
def test_a_stop_that_does_not_succeed_is_looked_at_and_goes_on_if_it_is_gone(played: Played, odd: Result) -> None:
    played.running()
    played.group.stop(9, "it moves")
    played.take()
    assert played.answer(odd) == ["probe c"]
    assert played.answer(STOPPED) == ["stop b"]
    assert played.group.detail == ""


@pytest.mark.parametrize("look", [RUNNING, UNKNOWN, FAILED])
def test_what_may_still_run_blocks_the_group_and_asks_for_the_fence(played: Played, look: Result) -> None:
    played.running()
    played.group.stop(9, "it moves")
    played.take()
    played.answer(UNKNOWN)
    assert played.answer(look) == []
    assert played.is_in(Local.BLOCKED)
    assert played.asked == ["c timed out (timed out) on stop"]
    assert played.group.decision == 77, "what follows is because of it"


def test_a_blocked_group_can_be_told_to_stop_again(played: Played) -> None:
    played.running()
    played.group.stop(9, "it moves")
    played.take()
    played.answer(FAILED)
    played.answer(RUNNING)
    played.group.stop(10, "this node leaves")
    assert played.take() == ["stop c"]
    for _ in range(3):
        played.answer(GOOD)
    assert played.is_in(Local.STOPPED)


def test_an_order_to_stop_what_is_stopped_only_counts_its_token(played: Played) -> None:
    played.stopped()
    played.group.stop(12, "another node shall have it")
    assert played.take() == []
    assert played.group.holding().token == 12


# The executor.


def test_a_lost_executor_leaves_what_was_under_way_unknown_and_the_rest_as_it_is(played: Played) -> None:
    played.running()
    played.group.executor_lost()
    assert played.is_in(Local.RUNNING)
    played.group.stop(9, "it moves")
    played.take()
    played.group.executor_lost()
    assert played.is_in(Local.UNKNOWN)
    assert not played.group.finished(played.ids[0], GOOD), "a result of the old executor says nothing any more"
    played.group.start(10, "go", 0, proved=True)
    assert played.take() == []


def test_a_result_that_never_comes_is_of_unknown_outcome(played: Played) -> None:
    played.running()
    played.group.stop(9, "it moves")
    played.take()
    played.bench.desk.now_s = played.group.deadline_s() - 0.001
    played.group.wake()
    assert played.take() == []
    played.bench.desk.now_s += 0.001
    played.group.wake()
    assert played.take() == ["probe c"]


def test_every_step_names_the_one_before_as_its_cause(played: Played) -> None:
    played.stopped()
    before = played.group.decision
    played.group.start(5, "it is its home node", 0, proved=True)
    started = played.bench.decisions[-1]
    assert started.kind == "group.start"
    assert before in [cause.decision for cause in started.reason.causes]
