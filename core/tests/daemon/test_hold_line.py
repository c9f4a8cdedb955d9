"""The daemon's word to the guard: sent with each beat, never waited for."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from heartbeat.daemon.hold_line import HoldLine
from heartbeat.executor.link import hold_socket
from heartbeat.kernel import effects
from heartbeat.wire.hold import Hold, decode_word


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[socket.socket]:
    with hold_socket(tmp_path / "hold.sock") as bound:
        bound.settimeout(5.0)
        yield bound


@pytest.fixture
def line(tmp_path: Path, log: Any) -> Iterator[HoldLine]:
    with contextlib.closing(HoldLine(tmp_path / "hold.sock", log)) as made:
        yield made


def test_the_guard_gets_what_the_kernel_said(line: HoldLine, guard: socket.socket) -> None:
    line.say(effects.Hold(12.5, ("web", "10.0.0.1")))
    assert decode_word(guard.recv(1000)) == Hold(12.5, ("web", "10.0.0.1"))


def test_a_guard_that_does_not_read_stops_nobody(line: HoldLine, guard: socket.socket, log: Any) -> None:
    for number in range(2000):
        line.say(effects.Hold(float(number)))
    assert log.texts == []
    assert decode_word(guard.recv(1000)) == Hold(0.0)


def test_a_guard_that_is_not_there_is_told_of_and_the_next_one_is_reached(
    line: HoldLine, log: Any, tmp_path: Path
) -> None:
    line.say(effects.Hold(1.0))
    assert len(log.texts) == 1
    assert "hold.sock" in log.texts[0]
    with hold_socket(tmp_path / "hold.sock") as guard:
        guard.settimeout(5.0)
        line.say(effects.Hold(2.0))
        assert decode_word(guard.recv(1000)) == Hold(2.0)


def test_a_socket_made_anew_is_reached_with_the_next_word(line: HoldLine, log: Any, tmp_path: Path) -> None:
    for number in (1.0, 2.0):
        with hold_socket(tmp_path / "hold.sock") as guard:
            guard.settimeout(5.0)
            line.say(effects.Hold(number))
            assert decode_word(guard.recv(1000)) == Hold(number)
    assert log.texts == []
