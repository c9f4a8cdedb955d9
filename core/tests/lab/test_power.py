"""The lab's power switch, spoken to by the device plugin's own protocol."""

import socket
import time
from pathlib import Path

import pytest
from heartbeat.lab.power import Mood, PowerSwitch
from heartbeat.lab.supplies import Supplies


class Machine:
    """An outlet's load that remembers."""

    def __init__(self) -> None:
        self.powered = True
        self.booted = 0

    def off(self) -> float:
        self.powered = False
        return 0.0

    def boot(self) -> None:
        self.powered = True
        self.booted += 1


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def switch(tmp_path: Path, machine: Machine, notes: list[str]) -> PowerSwitch:
    return PowerSwitch(tmp_path / "power.sock", {"node1": machine, "node2": Machine()}, 0.0, notes.append)


def test_one_line_there_and_one_back(switch: PowerSwitch, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as talk:
        talk.connect(str(tmp_path / "power.sock"))
        talk.sendall(b"hosts\n")
        assert talk.recv(100) == b"ok node1 node2\n"
        assert talk.recv(100) == b""
    switch.close()


def test_off_is_true_when_it_is_answered(switch: PowerSwitch, machine: Machine, notes: list[str]) -> None:
    assert switch.answer(["status", "node1"]) == "ok on"
    assert switch.answer(["off", "node1"]) == "ok"
    assert not machine.powered
    assert switch.answer(["status", "node1"]) == "ok off"
    assert switch.answer(["status", "node2"]) == "ok on"
    assert notes == ["power-off node1 ok"]
    switch.close()


def test_a_switch_told_to_fail_says_so_and_does_nothing(switch: PowerSwitch, machine: Machine) -> None:
    switch.behave(Mood.FAIL)
    assert switch.answer(["off", "node1"]).startswith("error the outlet of node1 does not switch")
    assert machine.powered
    switch.close()


def test_one_told_to_lie_acknowledges_and_reads_the_truth(switch: PowerSwitch, machine: Machine) -> None:
    switch.behave(Mood.LIE)
    assert switch.answer(["off", "node1"]) == "ok"
    assert machine.powered
    assert switch.answer(["status", "node1"]) == "ok on"
    switch.close()


def test_one_that_hangs_answers_when_its_mood_changes(switch: PowerSwitch, tmp_path: Path, machine: Machine) -> None:
    switch.behave(Mood.HANG)
    with socket.socket(socket.AF_UNIX) as talk:
        talk.settimeout(0.05)
        talk.connect(str(tmp_path / "power.sock"))
        talk.sendall(b"off node1\n")
        with pytest.raises(TimeoutError):
            talk.recv(100)
        assert machine.powered
        switch.behave(Mood.OK)
        talk.settimeout(5)
        assert talk.recv(100) == b"ok\n"
    assert not machine.powered
    switch.close()


@pytest.mark.parametrize("words", [[], ["status"], ["off", "node1", "now"], ["burn", "node1"], ["off", "node9"]])
def test_anything_else_is_an_error_with_a_sentence(switch: PowerSwitch, words: list[str]) -> None:
    assert switch.answer(words).startswith("error ")
    switch.close()


def test_an_order_whose_client_died_meanwhile_is_dropped(
    switch: PowerSwitch, machine: Machine, notes: list[str], tmp_path: Path
) -> None:
    """Of two nodes that shoot each other, the one that is switched off first must not have its shot go off later."""
    switch.behave(Mood.HANG)
    with socket.socket(socket.AF_UNIX) as talk:
        talk.connect(str(tmp_path / "power.sock"))
        talk.sendall(b"off node1\n")
    switch.behave(Mood.OK)
    assert switch.answer(["off", "node2"]) == "ok"  # its turn comes after the dropped one
    assert machine.powered
    assert notes == ["power-off node2 ok"]
    switch.close()


def test_a_relay_takes_a_machine_s_power_only_when_it_was_the_last_supply(
    switch: PowerSwitch, machine: Machine, notes: list[str]
) -> None:
    switch.supplies = Supplies([("node1", "1.1"), ("node1", "1.2")])
    assert switch.answer(["off", "node1", "1.1"]) == "ok"
    assert machine.powered
    assert switch.answer(["status", "node1", "1.1"]) == "ok off"
    assert switch.answer(["off", "node1", "1.2"]) == "ok"
    assert not machine.powered
    assert notes == ["power-off node1 ok", "power-off node1 ok"]
    assert switch.answer(["off", "node2", "1.1"]).startswith("error")
    switch.close()


def test_a_relay_reads_what_it_lets_through_and_not_whether_the_machine_runs(
    switch: PowerSwitch, machine: Machine
) -> None:
    switch.supplies = Supplies([("node1", "1.1")])
    machine.off()
    assert switch.answer(["status", "node1", "1.1"]) == "ok on"
    switch.close()


@pytest.mark.parametrize(("mood", "said"), [(Mood.FAIL, "error the relay does not move"), (Mood.LIE, "ok")])
def test_a_relay_that_refuses_or_lies_stays_as_it_is(
    switch: PowerSwitch, machine: Machine, mood: Mood, said: str
) -> None:
    switch.supplies = Supplies([("node1", "1.1")])
    switch.behave(mood)
    assert switch.answer(["off", "node1", "1.1"]) == said
    assert switch.answer(["status", "node1", "1.1"]) == "ok on"
    assert machine.powered
    switch.close()


def test_one_of_two_devices_may_misbehave_alone(switch: PowerSwitch, machine: Machine) -> None:
    switch.supplies = Supplies([("node1", "1.1"), ("node1", "1.2")])
    switch.behave(Mood.LIE, relay="1.2")
    for relay in ("1.1", "1.2"):
        assert switch.answer(["off", "node1", relay]) == "ok"
    assert machine.powered
    assert [switch.answer(["status", "node1", relay]) for relay in ("1.1", "1.2")] == ["ok off", "ok on"]
    switch.behave(Mood.OK)
    assert switch.answer(["off", "node1", "1.2"]) == "ok"
    assert not machine.powered
    switch.close()


def test_a_slow_relay_says_yes_and_acts_later(switch: PowerSwitch, machine: Machine) -> None:
    switch.supplies = Supplies([("node1", "1.1")])
    switch.behave(Mood.SLOW, 0.2)
    assert switch.answer(["off", "node1", "1.1"]) == "ok"
    assert switch.answer(["status", "node1", "1.1"]) == "ok on"
    deadline_s = time.monotonic() + 10
    while machine.powered:
        assert time.monotonic() < deadline_s, "the relay never moved"
        time.sleep(0.01)
    assert switch.answer(["status", "node1", "1.1"]) == "ok off"
    switch.close()
