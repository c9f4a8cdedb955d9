"""A conversation with a device: line ends, pieces, limits, and what errors do not tell."""

import socket
import time
from collections.abc import Iterator

import pytest
from heartbeat.plugin import PluginError, TimedOut
from heartbeat.plugin.conversation import HEARD_MAX, Conversation, DescriptorLine, HungUp


class Device:
    """The far end of a line."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        line = DescriptorLine(self._ours.fileno(), self._ours.close)
        self.talk = Conversation(line, "10.0.0.7 port 23", answer_s=5.0, total_s=10.0)

    def says(self, text: bytes) -> None:
        self._theirs.sendall(text)

    def hangs_up(self) -> None:
        self._theirs.close()


@pytest.fixture
def device() -> Iterator[Device]:
    made = Device()
    with made.talk:
        yield made
    made.hangs_up()


@pytest.mark.parametrize("end", [b"\r\n", b"\n\r", b"\r\0", b"\r\r\n", b"\n", b"\r"])
def test_every_line_end_of_the_field_is_one(device: Device, end: bytes) -> None:
    device.says(b"1 node1 ON" + end + b"2 node2 OFF" + end + b"> ")
    assert device.talk.hear("^> ", what="menu").text == "1 node1 ON\n2 node2 OFF\n> "


def test_a_prompt_at_the_start_of_a_line_is_none_within_one(device: Device) -> None:
    device.says(b"a > b\r\n> rest")
    assert device.talk.hear("^> ", what="menu").text == "a > b\n> "
    device.says(b"\r\n")
    assert device.talk.hear("\n", what="line").text == "rest\n"


def test_the_earliest_find_counts_whatever_the_order_of_forms(device: Device) -> None:
    device.says(b"Wrong\r\nPassword: ")
    assert device.talk.hear("Password: ", "Wrong", what="answer").match[0] == "Wrong"
    assert device.talk.hear("Password: ", "Wrong", what="answer").match[0] == "Password: "


def test_an_answer_that_does_not_come_is_told_with_place_and_limit_and_not_with_what_was_said(device: Device) -> None:
    device.says(b"hunter2")
    began_s = time.monotonic()
    with pytest.raises(TimedOut, match=r"^10\.0\.0\.7 port 23: no outlet list within 0\.05 s$"):
        device.talk.hear("never", what="outlet list", within_s=0.05)
    assert time.monotonic() - began_s < 5


def test_the_whole_conversation_has_an_end_too() -> None:
    ours, theirs = socket.socketpair()
    with theirs, Conversation(DescriptorLine(ours.fileno(), ours.close), "x", answer_s=60, total_s=0) as short:
        began_s = time.monotonic()
        with pytest.raises(TimedOut):
            short.hear("never", what="answer")
    assert time.monotonic() - began_s < 5


def test_a_device_that_hangs_up_is_told_apart_from_a_slow_one(device: Device) -> None:
    device.says(b"half an ans")
    device.hangs_up()
    with pytest.raises(HungUp, match=r"10\.0\.0\.7 port 23 ended the conversation"):
        device.talk.hear("answer", what="answer")


def test_talk_without_end_is_an_error_before_the_memory_is_full(device: Device) -> None:
    piece = b"x" * 4096

    class Chatter:
        def send(self, data: bytes) -> None: ...

        def receive(self, within_s: float) -> bytes:
            return piece

        def close(self) -> None: ...

    with pytest.raises(PluginError, match="talks without end; expected menu"):
        Conversation(Chatter(), "10.0.0.7", answer_s=60, total_s=60).hear("never", what="menu")
    assert HEARD_MAX < 2**20


def test_what_was_said_before_is_forgotten_until_all_is_quiet(device: Device) -> None:
    device.says(b"Plug 0 Off\r\nComplete\r\n")
    device.talk.forget(0.01)
    device.says(b"Plug 0 On\r\n")
    assert device.talk.hear("On|Off", what="state").match[0] == "On"


def test_leaving_waits_for_the_end_and_raises_nothing(device: Device) -> None:
    device.says(b"Bye.\r\n")
    began_s = time.monotonic()
    device.talk.leave("exit\r", within_s=0.01)
    assert time.monotonic() - began_s < 5
    device.hangs_up()
    device.talk.leave("exit\r", within_s=60)


def test_noise_is_no_text_and_no_end() -> None:
    ours, theirs = socket.socketpair()
    line = DescriptorLine(ours.fileno(), ours.close, noise=b"!$")
    with theirs, Conversation(line, "ups", answer_s=5, total_s=10) as talk:
        theirs.sendall(b"!")
        talk.forget(0.01)
        theirs.sendall(b"$!4")
        theirs.sendall(b"!0\r\n")
        assert talk.hear(r"^(\w+)\n", what="register").match[1] == "40"
