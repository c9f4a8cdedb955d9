"""Orders that come late: by their token, against whatever this machine has seen of their group since it booted."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.wire.executor import Go, Ready, Warm

if TYPE_CHECKING:
    from core.tests.executor.conftest import Executor

Until = Callable[[Callable[[], bool], str], None]
LATE = "it comes too late: it is of order {}, and its group has had order {} here"


def start(executor: "Executor", token: int, script: str = "", *, subject: str = "one") -> Result:
    return executor.result(Action.START, script, subject=subject, group="web", token=token)


def stop(executor: "Executor", token: int, *, subject: str = "one") -> Result:
    return executor.result(Action.STOP, subject=subject, group="web", token=token)


def is_late(result: Result, token: int, highest: int) -> bool:
    return (result.outcome, result.detail) == (Outcome.CANCELLED, LATE.format(token, highest))


def another_daemon(executor: "Executor", **sent: int) -> Ready:
    """Connect as a daemon that has sent these before, and return what it is told when all is warm."""
    executor.daemon = executor.connect()
    executor.daemon.ready()
    executor.send(Warm((), sent))
    return executor.daemon.ready()


def restart(executor: "Executor") -> Ready:
    """Have the executor die and another one come; return its first words."""
    executor.kill()
    executor.launch()
    executor.daemon = executor.connect_anew()
    return executor.daemon.ready()


def kept(executor: "Executor") -> Path:
    return executor.places.run / "tokens"


def test_a_group_starts_resource_after_resource_with_one_token(executor: "Executor") -> None:
    assert start(executor, 5).outcome is Outcome.DONE
    assert start(executor, 5, subject="two").outcome is Outcome.DONE
    assert start(executor, 6).outcome is Outcome.DONE


def test_an_older_start_than_the_newest_order_does_not_act(executor: "Executor") -> None:
    assert start(executor, 6).outcome is Outcome.DONE
    assert is_late(start(executor, 5, subject="two"), 5, 6)
    assert executor.noted().count("start") == 1


def test_after_a_stop_the_order_that_it_ended_starts_nothing(executor: "Executor") -> None:
    start(executor, 5)
    assert stop(executor, 5).outcome is Outcome.DONE
    assert is_late(start(executor, 5), 5, 5)
    assert start(executor, 6).outcome is Outcome.DONE


def test_a_stop_and_a_look_are_never_late(executor: "Executor") -> None:
    start(executor, 6)
    assert stop(executor, 2).outcome is Outcome.DONE
    look = executor.result(Action.PROBE, "probe=stopped", subject="one", group="web", token=1)
    assert look.outcome is Outcome.STOPPED


def test_a_stop_with_an_old_token_ends_the_start_all_the_same(executor: "Executor") -> None:
    start(executor, 6)
    stop(executor, 2)
    assert is_late(start(executor, 6, subject="two"), 6, 6)


def test_a_start_of_a_group_without_any_order_is_late(executor: "Executor") -> None:
    assert is_late(start(executor, 0), 0, 0)
    assert start(executor, 1).outcome is Outcome.DONE


def test_one_group_says_nothing_about_another(executor: "Executor") -> None:
    start(executor, 6)
    assert executor.result(Action.START, subject="other", group="mail", token=1).outcome is Outcome.DONE


def test_what_belongs_to_no_group_needs_no_token(executor: "Executor") -> None:
    """A device, and whatever is done by hand."""
    for _ in range(2):
        assert executor.result(Action.START).outcome is Outcome.DONE
        assert executor.result(Action.STOP).outcome is Outcome.DONE


def test_a_start_that_waits_for_its_turn_is_late_when_a_stop_comes_meanwhile(
    executor: "Executor", wait_until: Until
) -> None:
    told = executor.folder / "told"
    first = executor.run(Action.STOP, f"stop=await:{told}", subject="one", group="web", token=4)
    wait_until(lambda: executor.noted() == ["stop"], "the first stop acts")
    waiting = executor.run(Action.START, subject="one", group="web", token=5)
    last = executor.run(Action.STOP, subject="two", group="web", token=6)
    assert executor.daemon.finished(last).outcome is Outcome.DONE
    told.touch()
    assert executor.daemon.finished(first).outcome is Outcome.DONE
    assert is_late(executor.daemon.finished(waiting), 5, 6)
    assert "start" not in executor.noted()


def test_a_start_does_not_count_when_a_stop_came_while_it_acted(executor: "Executor", wait_until: Until) -> None:
    told = executor.folder / "told"
    acting = executor.run(Action.START, f"start=await:{told}", subject="one", group="web", token=5)
    wait_until(lambda: "start" in executor.noted(), "it acts")
    assert stop(executor, 5, subject="two").outcome is Outcome.DONE
    told.touch()
    assert is_late(executor.daemon.finished(acting), 5, 5)


@pytest.mark.parametrize(("token", "acts"), [(6, True), (5, False)])
def test_one_on_hold_acts_by_the_token_of_its_release(
    executor: "Executor",
    wait_until: Until,
    token: int,
    acts: bool,  # noqa: FBT001
) -> None:
    held = executor.run(Action.START, subject="one", on_hold=True, group="web", token=4)
    wait_until(lambda: executor.noted() == ["prepare"], "it prepares")
    stop(executor, 5, subject="two")
    executor.send(Go(held, token))
    result = executor.daemon.finished(held)
    assert result.outcome is Outcome.DONE if acts else is_late(result, 5, 5)
    assert ("start" in executor.noted()) is acts


def test_preparing_is_no_order(executor: "Executor", wait_until: Until) -> None:
    """What was prepared may be dropped, and the group go on where it is."""
    start(executor, 5)
    executor.run(Action.START, subject="two", on_hold=True, group="web", token=7)
    wait_until(lambda: "prepare" in executor.noted(), "it prepares")
    assert start(executor, 5, subject="three").outcome is Outcome.DONE


def test_a_daemon_that_comes_back_with_its_old_order_starts_nothing(executor: "Executor") -> None:
    start(executor, 5)
    assert another_daemon(executor).tokens == {"web": 5}
    assert another_daemon(executor, web=5).tokens == {"web": 5}
    assert is_late(start(executor, 5), 5, 5)


def test_a_start_that_outlives_its_daemon_counts(executor: "Executor", wait_until: Until) -> None:
    told = executor.folder / "told"
    acting = executor.run(Action.START, f"start=await:{told}", subject="one", group="web", token=5)
    wait_until(lambda: "start" in executor.noted(), "it acts")
    executor.daemon.close()
    executor.daemon = executor.connect()
    executor.daemon.ready()
    executor.daemon.running()
    told.touch()
    assert executor.daemon.finished(acting).outcome is Outcome.DONE
    wait_until(lambda: "after" in executor.noted(), "it announces")


def test_what_was_seen_outlives_the_executor(executor: "Executor") -> None:
    start(executor, 5)
    executor.result(Action.STOP, subject="other", group="mail", token=9)
    assert restart(executor).tokens == {"web": 5, "mail": 9}
    assert is_late(start(executor, 5), 5, 5)
    assert start(executor, 6).outcome is Outcome.DONE


def test_another_boot_starts_from_nothing(executor: "Executor") -> None:
    start(executor, 5)
    file = msgspec.json.decode(kept(executor).read_bytes())
    kept(executor).write_bytes(msgspec.json.encode(file | {"boot_id": "another"}))
    ready = restart(executor)
    assert (ready.tokens, ready.forgot) == ({}, "")
    assert start(executor, 1).outcome is Outcome.DONE


DAMAGED = {
    "empty": b"",
    "half written": b'{"boot_id":"',
    "not text": b"\xff\xfe\x00",
    "nothing of ours": b"[1, 2]",
    "below nothing": b'{"boot_id":"","tokens":{"web":-1}}',
    "beyond all counting": b'{"boot_id":"","tokens":{"web":99999999999999999999}}',
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED.keys())
def test_damage_is_told_and_nothing_starts_before_a_daemon_has_told_what_it_sent(
    executor: "Executor", damage: bytes
) -> None:
    start(executor, 5)
    kept(executor).write_bytes(damage)
    ready = restart(executor)
    assert ready.tokens == {}
    assert f"{kept(executor)} cannot be read" in ready.forgot
    refused = start(executor, 6)
    assert (refused.outcome, refused.detail) == (Outcome.REFUSED, ready.forgot)
    assert stop(executor, 6).outcome is Outcome.DONE
    executor.send(Warm((), {"web": 6}))
    assert executor.daemon.ready().forgot == ""
    assert is_late(start(executor, 6), 6, 6)
    assert start(executor, 7).outcome is Outcome.DONE
    assert restart(executor).tokens == {"web": 7}, "and it is kept again"


def test_a_run_directory_that_takes_no_token_costs_starts_and_no_stops(executor: "Executor") -> None:
    """What is not kept would be forgotten by the next executor."""
    kept(executor).mkdir()
    refused = start(executor, 5)
    assert refused.outcome is Outcome.REFUSED
    assert f"{kept(executor)} cannot be written" in refused.detail
    assert stop(executor, 5).outcome is Outcome.DONE
    assert executor.noted() == ["stop"]
    kept(executor).rmdir()
    assert start(executor, 6).outcome is Outcome.DONE


def test_an_executor_that_is_killed_in_between_has_kept_what_it_let_act(
    executor: "Executor", wait_until: Until
) -> None:
    executor.run(Action.START, "start=sleep", subject="one", group="web", token=5)
    wait_until(lambda: "start" in executor.noted(), "it acts")
    executor.kill(signal.SIGKILL)
    executor.launch()
    executor.daemon = executor.connect_anew()
    assert executor.daemon.ready().tokens == {"web": 5}
