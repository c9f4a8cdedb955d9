"""The configuration is read in a throw-away process: whatever a plugin does there, the start says why it ended."""

import os
import signal

import pytest
from heartbeat.daemon.loading import _in_child


def test_the_result_of_the_child_is_brought_back() -> None:
    assert _in_child(lambda: {"pid": 1}, dict) == {"pid": 1}


def test_no_result_is_none_and_says_nothing_more(capfd: pytest.CaptureFixture[str]) -> None:
    assert _in_child(lambda: None, dict) is None
    assert capfd.readouterr().err == ""


def test_an_error_is_one_line_and_no_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    def fails() -> dict[str, int]:
        raise RuntimeError("the disk is gone")

    assert _in_child(fails, dict) is None
    said = capfd.readouterr().err
    assert len(said.splitlines()) == 1
    assert "the disk is gone" in said


def test_a_child_that_was_killed_is_told_with_the_likely_culprit(capfd: pytest.CaptureFixture[str]) -> None:
    def crashes() -> dict[str, int]:
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    assert _in_child(crashes, dict) is None
    said = capfd.readouterr().err
    assert len(said.splitlines()) == 1
    assert "SIGKILL" in said
    assert "hb plugin list --check" in said
