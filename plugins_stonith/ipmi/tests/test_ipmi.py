"""The IPMI driver: the conformance kit against a controller on pyghmi's server, and what is its own."""

import contextlib
import random
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.plugin import AccessDenied, BadConfig, BadHost, PluginError, Power, ResetFailed, TimedOut, Unreachable
from heartbeat.testing.contract import DeclarationConformance, checked
from heartbeat.testing.device import Fault
from heartbeat.testing.ipmi_machine import MACHINE
from heartbeat.testing.stonith import StonithConformance
from heartbeat_stonith_ipmi import Ipmi, IpmiLan
from heartbeat_stonith_ipmi.guid import machine_of
from heartbeat_stonith_ipmi.simulator import HOST, SECRET, Board

README = Path(__file__).parents[1] / "README.md"


class TestIpmiLan(StonithConformance):
    plugin = IpmiLan
    simulator = Board
    hosts_min = 1
    readme = README


class TestIpmi(DeclarationConformance):
    """Everything but the order of its parameters is ipmilan's."""

    plugin = Ipmi


@pytest.fixture
def board() -> Iterator[Board]:
    with contextlib.closing(Board()) as made:
        yield made


def ipmi(board: Board, **changes: str) -> IpmiLan:
    return IpmiLan(checked(IpmiLan, board.params() | changes))


def test_the_old_lines_are_read_as_they_stand() -> None:
    assert IpmiLan.positional == ("hostname", "ipaddr", "port", "auth", "priv", "login", "password", "reset_method")
    assert Ipmi.positional == ("hostname", "ipaddr", "login", "password", "interface")
    old = {"hostname": "node1", "ipaddr": "10.0.0.9", "userid": "admin", "passwd": "secret", "interface": "lan"}
    assert checked(Ipmi, old | {"priv": "OPERATOR", "ipmitool": "/usr/bin/ipmitool"}).text("login") == "admin"


def test_the_host_is_known_before_the_controller_is_spoken_to() -> None:
    nowhere = {"hostname": "node1", "ipaddr": "192.0.2.1", "login": "admin", "password": "secret"}
    assert IpmiLan.configured_hosts(checked(IpmiLan, nowhere)) == ("node1",)
    with pytest.raises(BadHost, match="does not switch node2; it switches node1"):
        IpmiLan(checked(IpmiLan, nowhere)).switch("node2", Power.OFF)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"login": "seventeen-letters"}, "`login` has 17 bytes; a controller holds 16"),
        ({"password": "a" * 21}, "`password` has 21 bytes; a controller holds 20"),
        ({"kg": "k" * 21}, "`kg` has 21 bytes; a controller holds 20"),
        ({"kg": "0x123"}, "`kg` begins with 0x and is no hexadecimal number"),
    ],
)
def test_what_no_controller_can_hold_is_refused_with_the_configuration(given: dict[str, str], told: str) -> None:
    raw = {"hostname": "node1", "ipaddr": "10.0.0.9", "login": "admin", "password": "secret"}
    with pytest.raises(BadConfig) as refused:
        IpmiLan.configured_hosts(checked(IpmiLan, raw | given))
    assert told in str(refused.value)


def test_a_node_is_powered_down_at_once_and_never_asked_to_shut_down(board: Board) -> None:
    ipmi(board, priv="operator").switch(HOST, Power.OFF)
    ipmi(board).switch(HOST, Power.ON)
    assert board.relays.journal == [(1, False), (1, True)]


def test_the_machine_is_told_by_its_own_name(board: Board) -> None:
    assert ipmi(board).identity(HOST).machine == str(MACHINE)
    assert board.abandoned() == 0


@pytest.mark.parametrize("told", [MACHINE.bytes_le, MACHINE.bytes[::-1], MACHINE.bytes], ids=["SMBIOS", "IPMI", "RFC"])
def test_the_order_of_its_bytes_is_seen_from_them(told: bytes) -> None:
    assert machine_of(told) == str(MACHINE)


@pytest.mark.parametrize("told", [b"", bytes(16), b"\xff" * 16, MACHINE.bytes[:15]])
def test_a_machine_without_a_name_of_its_own_has_none(told: bytes) -> None:
    assert machine_of(told) == ""


def test_the_password_may_lie_in_a_file(board: Board, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n")
    ipmi(board, password=str(file), passwd_method="file").switch(HOST, Power.OFF)
    assert not board.is_on(HOST)
    with pytest.raises(BadConfig, match="cannot be read: No such file"):
        ipmi(board, password=str(tmp_path / "none"), passwd_method="file").status()


def test_a_refusal_is_told_in_the_words_of_the_controller_after_it_had_its_time(board: Board) -> None:
    board.misbehave(Fault.DENIES)
    with pytest.raises(ResetFailed, match="refuses the order off: Node Busy"):
        ipmi(board).switch(HOST, Power.OFF)
    assert board.relays.journal == [(1, False)] * 3
    assert board.abandoned() == 0


def test_a_controller_whose_sessions_are_taken_says_so_and_was_asked_nothing(board: Board) -> None:
    board.misbehave(Fault.BUSY)
    with pytest.raises(Unreachable, match="has no session free"):
        ipmi(board).switch(HOST, Power.OFF)
    assert board.relays.journal == []


def test_a_wrong_password_is_told_without_it(board: Board) -> None:
    with pytest.raises(AccessDenied, match="does not let admin in") as told:
        ipmi(board, password="another-secret").status()
    assert "another-secret" not in str(told.value)


def test_an_order_without_an_answer_is_given_up_early_so_that_the_truth_can_be_read(board: Board) -> None:
    board.misbehave(Fault.HANGS_UP)
    began_s = time.monotonic()
    with pytest.raises(TimedOut, match=r"no answer to the order: 5\.\d s are over"):
        ipmi(board, timeout="60").switch(HOST, Power.OFF)
    assert time.monotonic() - began_s < 30
    assert ipmi(board).power(HOST) is Power.OFF


class Lossy:
    """Relays datagrams to a port of loopback and loses one in ten, in either direction."""

    def __init__(self, port: int) -> None:
        self._front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._front.bind(("127.0.0.1", 0))
        self._behind = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._behind.connect(("127.0.0.1", port))
        self.port = self._front.getsockname()[1]
        self.lost = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._relay)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self._front.close()
        self._behind.close()

    def _relay(self) -> None:
        chance, client = random.Random(7), ("127.0.0.1", 9)
        while not self._ended.is_set():
            for line in select.select([self._front, self._behind], [], [], 0.05)[0]:
                packet, sender = line.recvfrom(65535)
                client = sender if line is self._front else client
                if chance.random() < 0.1:
                    self.lost += 1
                elif line is self._front:
                    self._behind.send(packet)
                else:
                    self._front.sendto(packet, client)


def test_lost_packets_are_sent_again_and_logins_tried_anew(board: Board) -> None:
    with contextlib.closing(Lossy(board.bmc.port)) as line:
        device = ipmi(board, port=str(line.port), timeout="60")
        with contextlib.suppress(TimedOut):
            device.switch(HOST, Power.OFF)
        for _ in range(3):
            assert device.power(HOST) is (Power.ON if board.is_on(HOST) else Power.OFF)
        assert line.lost


AUTH_CAPABILITIES_1_5 = bytes([1, 0x04, 0x04, 0, 0, 0, 0, 0])
"""Channel 1, MD5, no user without a name, and nothing of IPMI 2.0 (table 22-15)."""


def test_a_controller_of_ipmi_1_5_is_told_from_one_that_is_silent() -> None:
    ended = threading.Event()

    def serve(line: socket.socket) -> None:
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                asked, client = line.recvfrom(1024)
                sequence, command = asked[18], asked[19]
                body = bytes([0x20, sequence, command, 0]) + AUTH_CAPABILITIES_1_5
                head = bytes([0x81, 0x1C])
                message = head + bytes([-sum(head) & 0xFF]) + body + bytes([-sum(body) & 0xFF])
                line.sendto(b"\x06\x00\xff\x07" + bytes(9) + bytes([len(message)]) + message, client)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        line.settimeout(0.05)
        thread = threading.Thread(target=serve, args=(line,))
        thread.start()
        raw = {"hostname": HOST, "ipaddr": "127.0.0.1", "port": str(line.getsockname()[1]), "timeout": "20"}
        try:
            with pytest.raises(PluginError, match=r"speaks no IPMI 2\.0"):
                IpmiLan(checked(IpmiLan, raw | {"login": "admin", "password": SECRET})).status()
        finally:
            ended.set()
            thread.join()
