"""Running somebody else's program: what it is given, what is heard of it, and how all of it is ended."""

import os
import time
from pathlib import Path

import pytest
from heartbeat.plugin import NotInstalled, TimedOut
from heartbeat.plugin.program import GIVEN_BYTES, run_program

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def test_what_it_is_given_comes_on_stdin_and_stands_in_no_argument() -> None:
    told = "cat; tr '\\0' ' ' < /proc/$$/cmdline >&2"
    ended = run_program(["sh", "-c", told], ENVIRONMENT, given=b"passwd=hunter2\n")
    assert (ended.code, ended.stdout) == (0, "passwd=hunter2\n")
    assert "hunter2" not in ended.stderr


def test_without_anything_given_stdin_is_empty() -> None:
    assert run_program(["cat"], ENVIRONMENT).stdout == ""


def test_a_program_that_does_not_read_what_it_is_given_is_waited_for_no_longer() -> None:
    assert run_program(["true"], ENVIRONMENT, given=b"x" * GIVEN_BYTES).code == 0
    assert run_program(["sleep", "0.05"], ENVIRONMENT, given=b"x" * GIVEN_BYTES).code == 0
    with pytest.raises(ValueError, match="65536 at most"):
        run_program(["true"], ENVIRONMENT, given=b"x" * (GIVEN_BYTES + 1))


@pytest.mark.parametrize(
    "start",
    ["{ sleep 600 & echo $!; }", "{ setsid sleep 600 & echo $!; }", "setsid sh -c 'sleep 600 & echo $!; wait'"],
    ids=["child", "session", "grandchild in a session"],
)
def test_at_its_limit_it_is_ended_with_its_descendants_also_those_with_a_session_of_their_own(
    start: str, tmp_path: Path
) -> None:
    told = tmp_path / "pid"
    with pytest.raises(TimedOut, match=r"sh did not end within 0\.5 s"):
        run_program(["sh", "-c", f"{start} > {told}; wait"], ENVIRONMENT, timeout_s=0.5)
    pid = int(told.read_text())
    until_s = time.monotonic() + 10
    while not is_gone(pid):
        assert time.monotonic() < until_s, "what it had started runs on"
        time.sleep(0.005)


def test_what_cannot_be_executed_is_not_installed() -> None:
    with pytest.raises(NotInstalled, match="/no/such cannot be executed"):
        run_program(["/no/such"], ENVIRONMENT)
