"""Telnet: commands are no text, options are refused, and a session that somebody else holds is waited for."""

import socket
import threading
from collections.abc import Iterator

import pytest
from heartbeat.plugin import AccessDenied, Unreachable
from heartbeat.plugin.conversation import Conversation, HungUp
from heartbeat.plugin.telnet import TelnetLine, dial, log_in

WILL_ECHO, DONT_ECHO = b"\xff\xfb\x01", b"\xff\xfe\x01"
DO_SIZE, WONT_SIZE = b"\xff\xfd\x1f", b"\xff\xfc\x1f"


@pytest.fixture
def pair() -> Iterator[tuple[TelnetLine, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(5)
        yield TelnetLine(ours), theirs


def heard(line: TelnetLine, size: int) -> bytes:
    text = b""
    while len(text) < size:
        text += line.receive(5)
    return text


SAID = b"Us" + WILL_ECHO + b"er" + DO_SIZE + b" \xff\xfa\x18\x01\xff\xf0Name\xff\xf1 \xff\xff: "


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_the_text_is_the_same_in_whatever_pieces_it_comes(pair: tuple[TelnetLine, socket.socket], size: int) -> None:
    line, device = pair

    def say() -> None:
        for at in range(0, len(SAID), size):
            device.sendall(SAID[at : at + size])

    saying = threading.Thread(target=say)
    saying.start()
    assert heard(line, 13) == b"User Name \xff: "
    saying.join()


def test_each_option_is_refused_once(pair: tuple[TelnetLine, socket.socket]) -> None:
    line, device = pair
    device.sendall(WILL_ECHO + DO_SIZE + WILL_ECHO + b"\xff\xfc\x03>")
    assert heard(line, 1) == b">"
    line.send(b"\xff.")
    assert device.recv(100) == DONT_ECHO + WONT_SIZE + b"\xff\xff."


def test_the_end_is_no_text(pair: tuple[TelnetLine, socket.socket]) -> None:
    line, device = pair
    device.sendall(WILL_ECHO + b"\xff")
    device.close()
    assert line.receive(5) == b""


def test_nobody_there_is_told_with_the_place() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(Unreachable, match=f"127.0.0.1 port {port} cannot be reached: Connection refused"):
        dial("127.0.0.1", port, answer_s=1, total_s=1)


class Switchboard:
    """Hands out conversations that nobody answers, and counts them."""

    def __init__(self, fails: int, problem: Exception) -> None:
        self.calls = 0
        self._fails, self._problem = fails, problem
        self.lines: list[socket.socket] = []

    def dialled(self) -> Conversation:
        ours, theirs = socket.socketpair()
        theirs.close()
        self.lines.append(ours)
        return Conversation(TelnetLine(ours), "10.0.0.7", answer_s=1, total_s=1)

    def login(self, talk: Conversation) -> int:
        self.calls += 1
        if self.calls <= self._fails:
            raise self._problem
        return self.calls

    def is_closed(self) -> list[bool]:
        return [line.fileno() < 0 for line in self.lines]


def test_a_session_that_another_holds_is_waited_for() -> None:
    board = Switchboard(2, HungUp("in use"))
    talk, calls = log_in(board.dialled, board.login, 30)
    with talk:
        assert calls == 3
        assert board.is_closed() == [True, True, False]


def test_waiting_ends_and_says_what_may_be() -> None:
    board = Switchboard(1000, HungUp("in use"))
    with pytest.raises(Unreachable, match="does another session hold it"):
        log_in(board.dialled, board.login, 0)
    assert board.is_closed() == [True]


def test_wrong_credentials_are_tried_once() -> None:
    board = Switchboard(1, AccessDenied("wrong password"))
    with pytest.raises(AccessDenied):
        log_in(board.dialled, board.login, 30)
    assert board.is_closed() == [True]
