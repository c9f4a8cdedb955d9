"""``hb stonith rehearse``: the window is this clock's, the name is typed twice, and the answer is the exit status."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner, Result
from heartbeat.cli.stonith_rehearse import _left_s, rehearse
from heartbeat.wire import api

if TYPE_CHECKING:
    from core.tests.conftest import FakeDaemon

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def around_now(begins_min: int, ends_min: int) -> str:
    now = datetime.now().astimezone()
    begin, end = (now + timedelta(minutes=minutes) for minutes in (begins_min, ends_min))
    return f"{begin:%H:%M}-{end:%H:%M}"


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., Result]:
    def run(*args: str) -> Result:
        return CliRunner().invoke(rehearse, [*args, "--run-dir", str(tmp_path)])

    return run


def test_it_asks_the_daemon_with_what_is_left_of_the_window(
    fake_daemon: "FakeDaemon", ask: Callable[..., Result]
) -> None:
    fake_daemon.will(api.Rehearse, api.Progress("moving"), api.Done(good=True, text="node2 was off after 2.0 s"))
    options = ("--operator", "ana", "--off-for", "20s", "--device", "ipmilan #1", "--yes-i-am-sure", "Node2")
    answer = ask("node2", "--window", around_now(-30, 30), *options)
    assert (answer.exit_code, answer.stdout) == (0, "node2 was off after 2.0 s\n"), answer.output
    (request,) = fake_daemon.asked
    assert isinstance(request, api.Rehearse)
    assert (request.node, request.operator, request.device, request.off_for_s) == ("node2", "ana", "ipmilan #1", 20.0)
    assert 28 * 60 < request.window_s <= 31 * 60


def test_what_it_found_is_the_answer_no(fake_daemon: "FakeDaemon", ask: Callable[..., Result]) -> None:
    fake_daemon.will(api.Rehearse, api.Done(good=False, text="HB-F041: node2 goes on"))
    answer = ask("node2", "--window", around_now(-30, 30), "--yes-i-am-sure", "node2")
    assert (answer.exit_code, answer.stderr) == (1, "hb: HB-F041: node2 goes on\n")


def test_outside_the_window_nobody_is_asked(fake_daemon: "FakeDaemon", ask: Callable[..., Result]) -> None:
    answer = ask("node2", "--window", around_now(60, 120), "--yes-i-am-sure", "node2")
    assert answer.exit_code == 1
    assert "outside the window: it opens in" in answer.stderr
    assert fake_daemon.asked == []


@pytest.mark.parametrize(
    ("begin", "end", "left_min"), [(660, 780, 60), (1320, 780, 60), (660, 120, 840), (719, 721, 1)]
)
def test_a_window_may_go_over_midnight(begin: int, end: int, left_min: int) -> None:
    assert _left_s(NOON, (begin, end)) == left_min * 60


@pytest.mark.parametrize(("begin", "end"), [(721, 780), (600, 720), (1320, 660)])
def test_its_ends_are_kept_to_the_minute(begin: int, end: int) -> None:
    with pytest.raises(click.exceptions.Exit):
        _left_s(NOON, (begin, end))


@pytest.mark.parametrize("window", ["2-4", "25:00-26:00", "02:00", "02:00-02:00", "now"])
def test_a_window_that_is_none_is_wrong_use(ask: Callable[..., Result], window: str) -> None:
    answer = ask("node2", "--window", window, "--yes-i-am-sure", "node2")
    assert answer.exit_code == 2


def test_without_a_person_the_name_is_needed_twice(fake_daemon: "FakeDaemon", ask: Callable[..., Result]) -> None:
    assert ask("node2", "--window", around_now(-30, 30)).exit_code == 2
    assert ask("node2", "--window", around_now(-30, 30), "--yes-i-am-sure", "node1").exit_code == 2
    assert ask("node2", "--yes-i-am-sure", "node2").exit_code == 2, "no window"
    assert fake_daemon.asked == []
