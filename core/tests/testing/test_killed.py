"""A call that is killed on its way: at each point where it touches the world, and nowhere else."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from heartbeat.testing import killed
from heartbeat.testing.killed import POINTS_MAX, killed_on_the_way


def written(file: Path, letters: str) -> None:
    """Write letter by letter: one touch each, between opening and closing."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for letter in letters:
        os.write(descriptor, letter.encode())
    os.close(descriptor)


def test_each_point_is_visited_with_what_came_before_it_done_and_nothing_after(tmp_path: Path) -> None:
    file = tmp_path / "letters"
    seen = [(point, file.read_text()) for point in killed_on_the_way(lambda: written(file, "abc"))]
    assert seen == [(1, "abc"), (2, ""), (3, "a"), (4, "ab"), (5, "abc")]  # before the first stands a whole one


def test_of_a_long_way_some_points_are_visited_from_the_first_on(tmp_path: Path) -> None:
    file = tmp_path / "letters"
    lengths = [len(file.read_text()) for _ in killed_on_the_way(lambda: written(file, "x" * 1000))]
    assert len(lengths) == POINTS_MAX
    assert lengths[1:] == sorted(lengths[1:])
    assert len(set(lengths)) == POINTS_MAX


def test_a_call_that_touches_nothing_or_fails_is_no_error() -> None:
    assert list(killed_on_the_way(lambda: None)) == []
    assert list(killed_on_the_way(lambda: os.read(-1, 1))) == [1]


def test_what_the_call_had_started_dies_with_it_and_outlives_a_call_that_ended(tmp_path: Path) -> None:
    file = tmp_path / "numbers"

    def started() -> None:
        number = subprocess.Popen(["sleep", "60"]).pid
        with file.open("a") as numbers:
            numbers.write(f"{number}\n")
            numbers.flush()
            os.write(numbers.fileno(), b"")

    assert list(killed_on_the_way(started))
    outlives, *dead = map(int, file.read_text().split())
    try:
        assert dead
        wait_until(lambda: not any(map(runs, dead)))
        assert runs(outlives)
    finally:
        os.kill(outlives, signal.SIGKILL)


def runs(number: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{number}/status").read_text()
    except OSError:
        return False


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.005)


def test_a_child_that_waits_for_ever_is_killed_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one does that was forked while a thread held a lock, which nobody will ever release in the child."""
    monkeypatch.setattr(killed, "LIMIT_S", 1)
    held = threading.Lock()
    held.acquire()
    assert list(killed_on_the_way(held.acquire)) == []


@pytest.mark.parametrize("fails", [False, True])
def test_how_the_call_ends_stays_in_the_child(*, fails: bool, tmp_path: Path) -> None:
    def call() -> None:
        (tmp_path / "file").write_text("")
        if fails:
            raise SystemExit(3)

    assert list(killed_on_the_way(call))
