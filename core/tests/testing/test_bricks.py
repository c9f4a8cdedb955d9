"""The bricks of simulators, by clients that are not ours: sockets, a terminal, urllib, snmpget."""

import contextlib
import doctest
import importlib
import os
import re
import select
import shutil
import socket
import ssl
import subprocess
import termios
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from heartbeat.testing.certificate import Certificate
from heartbeat.testing.device import Fault
from heartbeat.testing.http_device import HttpDevice
from heartbeat.testing.outlets import Outlets
from heartbeat.testing.serial_line import Reply, SerialLine, State
from heartbeat.testing.snmp_agent import SnmpAgent
from heartbeat.testing.telnet_menu import END, TelnetMenu

BRICKS = (
    "ber",
    "certificate",
    "dialogue",
    "http_device",
    "keyboard",
    "outlets",
    "relay_door",
    "serial_line",
    "snmp_agent",
    "telnet_menu",
    "wire",
)
PAGE = {
    "login": State("Password: ", {"secret": Reply("Welcome\r\n", "menu")}, unknown=Reply("Wrong\r\n", END)),
    "menu": State("> ", {"off": Reply("Done\r\n"), "bye": Reply("", END)}, orders=frozenset({"off"})),
}


@pytest.mark.parametrize("brick", BRICKS)
def test_the_example_of_a_brick_is_true(brick: str) -> None:
    tried = doctest.testmod(importlib.import_module(f"heartbeat.testing.{brick}"))
    assert tried.attempted
    assert not tried.failed


def whole(port: int, said: bytes) -> bytes:
    """Return all that a telnet session says to these lines until it ends."""
    with socket.create_connection(("127.0.0.1", port), 5) as line:
        line.sendall(said)
        heard = b""
        with contextlib.suppress(TimeoutError):
            while piece := line.recv(4096):
                heard += piece
        return heard


def test_a_telnet_session_ends_by_logging_out_and_another_may_follow_at_once() -> None:
    with contextlib.closing(TelnetMenu(PAGE, "login", hello=b"")) as menu:
        for _ in range(20):
            assert whole(menu.port, b"secret\r\nbye\r\n") == b"Password: Welcome\r\n> "
        assert menu.abandoned == 0


def test_a_second_telnet_session_is_refused_while_there_is_one() -> None:
    with contextlib.closing(TelnetMenu(PAGE, "login", hello=b"")) as menu:
        with socket.create_connection(("127.0.0.1", menu.port), 5) as first:
            assert first.recv(10) == b"Password: "
            assert whole(menu.port, b"") == b"Session in use\r\n"
        assert whole(menu.port, b"wrong\r\n") == b"Password: Wrong\r\n"


def test_a_telnet_session_that_is_not_logged_out_of_is_counted() -> None:
    with contextlib.closing(TelnetMenu(PAGE, "login", hello=b"")) as menu:
        with socket.create_connection(("127.0.0.1", menu.port), 5) as line:
            line.sendall(b"secret\r\n")
            heard = b""
            while not heard.endswith(b"> "):
                heard += line.recv(100)
        assert whole(menu.port, b"secret\r\nbye\r\n").endswith(b"> ")  # the one before is over by then
        assert menu.abandoned == 1


@pytest.mark.parametrize(
    ("fault", "said", "heard"),
    [
        (Fault.CLOSES, b"", b"Passw"),
        (Fault.SPLIT, b"secret\r\nbye\r\n", b"Password: Welcome\r\n> "),
        (Fault.TRICKLES, b"secret\r\nbye\r\n", b"Password: Welcome\r\n> "),
        (Fault.LATE, b"secret\r\nbye\r\n", b"Password: Welcome\r\n> "),
        (Fault.BUSY, b"", b"Session in use\r\n"),
    ],
)
def test_a_telnet_session_with_a_fault_says_what_the_fault_lets_through(
    fault: Fault, said: bytes, heard: bytes
) -> None:
    with contextlib.closing(TelnetMenu(PAGE, "login", hello=b"").misbehave(fault)) as menu:
        menu.wire.late_s = 0.1
        assert whole(menu.port, said) == heard


def test_a_telnet_device_echoes_what_is_typed_and_takes_some_keys_without_enter() -> None:
    page = PAGE | {"menu": State("> ", {"\x1b": Reply("Back\r\n"), "bye": Reply("", END)})}
    with contextlib.closing(TelnetMenu(page, "login", hello=b"", keys="\x1b", echoes={"menu"})) as menu:
        assert whole(menu.port, b"secret\r\0\n\x1bbye\r") == b"Password: Welcome\r\n> Back\r\n> bye\r\n"


@pytest.mark.parametrize(("fault", "heard"), [(Fault.BREAKS_OFF, b"> 1\r\n> "), (Fault.CUT_OFF, b"> 1\r\n")])
def test_a_list_of_a_telnet_menu_ends_early_with_its_prompt_or_with_the_connection(fault: Fault, heard: bytes) -> None:
    page = {"menu": State("> ", {"list": Reply("1\r\n2\r\n3\r\n"), "bye": Reply("", END)})}
    with contextlib.closing(TelnetMenu(page, "menu", hello=b"").misbehave(fault)) as menu:
        assert whole(menu.port, b"list\r\nbye\r\n") == heard


def test_a_menu_that_nobody_serves_refuses_the_connection() -> None:
    menu = TelnetMenu(PAGE, "login").misbehave(Fault.UNREACHABLE)
    with contextlib.closing(menu), pytest.raises(ConnectionRefusedError):
        whole(menu.port, b"")


def read(terminal: int, until: bytes) -> bytes:
    heard = b""
    while not heard.endswith(until) and select.select([terminal], [], [], 5)[0]:
        heard += os.read(terminal, 100)
    return heard


def test_a_serial_line_answers_one_who_comes_and_goes() -> None:
    relays = Outlets(["node1", "node2"])

    def order(asked: re.Match[str]) -> Reply:
        return Reply("ok\r\n" if relays.order(int(asked[1]), on=False) else "no\r\n")

    page = {"ready": State("", {r"off (\d)": order})}
    with contextlib.closing(SerialLine(page, "ready")) as line:
        for number in (1, 2):
            terminal = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
            os.write(terminal, b"off %d\r" % number)
            assert read(terminal, b"ok\r\n") == b"ok\r\n"
            os.close(terminal)
        line.misbehave(Fault.CLOSES)
        terminal = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
        os.write(terminal, b"off 1\r")
        assert read(terminal, b"ok") == b"ok"
        os.close(terminal)
    assert relays.journal == [(1, False), (2, False), (1, False)]


def test_a_serial_line_greets_when_dtr_comes_back() -> None:
    page = {"ready": State("", {"who": Reply("me\r\n")})}
    with contextlib.closing(SerialLine(page, "ready", greeting="Ready\r\n")) as line:
        line.is_ready = False
        terminal = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
        os.write(terminal, b"who\r")
        speed = termios.tcgetattr(terminal)
        low = [*speed[:4], termios.B0, termios.B0, speed[6]]
        termios.tcsetattr(terminal, termios.TCSANOW, low)
        assert not select.select([terminal], [], [], 0.1)[0], "a line without DTR says nothing"
        termios.tcsetattr(terminal, termios.TCSANOW, speed)
        assert read(terminal, b"Ready\r\n") == b"Ready\r\n"
        os.write(terminal, b"who\r")
        assert read(terminal, b"me\r\n") == b"me\r\n"
        os.close(terminal)


def test_a_serial_line_answers_about_another_outlet_what_it_said_before() -> None:
    page = {"ready": State("", {r"state (\d)": lambda asked: Reply(f"{asked[1]} is on\r\n")})}
    with contextlib.closing(SerialLine(page, "ready")) as line:
        terminal = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
        os.write(terminal, b"state 1\r")
        assert read(terminal, b"on\r\n") == b"1 is on\r\n"
        line.misbehave(Fault.OFF_TOPIC)
        for question in (b"state 2\r", b"state 2\r"):
            os.write(terminal, question)
            assert read(terminal, b"on\r\n") == b"1 is on\r\n"
        os.close(terminal)


def asked(device: HttpDevice, page: str, tls: ssl.SSLContext | None = None) -> tuple[int, bytes]:
    method, _, path = page.partition(" ")
    request = urllib.request.Request(device.url + path, method=method, headers={"Authorization": device.authorization})
    try:
        with urllib.request.urlopen(request, timeout=5, context=tls) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, b""


def test_a_web_interface_serves_pages_and_its_faults() -> None:
    relays = Outlets(["node1"])
    pages = {
        "GET /1": lambda body: (200, b"on" if relays.has_power(1) else b"off"),
        "POST /1/off": lambda body: (200 if relays.order(1, on=False) else 409, b""),
    }
    with contextlib.closing(HttpDevice(pages, ("admin", "x"), frozenset({"POST /1/off"}))) as device:
        assert asked(device, "GET /1") == (200, b"on")
        assert asked(device, "GET /2")[0] == 404
        device.misbehave(Fault.HANGS_UP)
        with pytest.raises(OSError, match=r"closed|reset|Remote end"):
            asked(device, "POST /1/off")
        assert asked(device, "GET /1") == (200, b"off")
        device.misbehave(Fault.REFUSES_LOGIN)
        assert asked(device, "GET /1")[0] == 401
        device.misbehave(Fault.SPLIT)
        assert asked(device, "GET /1") == (200, b"off")


def test_a_web_interface_over_tls_is_known_by_its_certificate(tmp_path: Path) -> None:
    certificate = Certificate(tmp_path)
    pages = {"GET /1": lambda body: (200, b"on"), "POST /1/off": lambda body: (204, b"")}
    with contextlib.closing(HttpDevice(pages, ("admin", "x"), tls=certificate.server())) as device:
        assert device.url.startswith("https://")
        assert asked(device, "GET /1", certificate.client()) == (200, b"on")
        assert asked(device, "POST /1/off", certificate.client())[0] == 204
        device.misbehave(Fault.SPLIT)
        assert asked(device, "GET /1", certificate.client()) == (200, b"on")
        device.misbehave(Fault.STRANGER)
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            asked(device, "GET /1", certificate.client())


def test_curl_speaks_to_a_web_interface_over_tls(tmp_path: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("no `curl` program (package curl)")
    certificate = Certificate(tmp_path)
    with contextlib.closing(HttpDevice({"GET /1": lambda body: (200, b"on")}, tls=certificate.server())) as device:
        curl = ["curl", "-sS", "--noproxy", "*", "--cacert", str(certificate.path), f"{device.url}/1"]
        assert subprocess.run(curl, capture_output=True, check=True, timeout=20).stdout == b"on"
        device.misbehave(Fault.STRANGER)
        assert subprocess.run(curl, capture_output=True, check=False, timeout=20).returncode == 60  # its certificate


def snmp(program: str, agent: SnmpAgent, version: str, *words: str, community: str = "private") -> str:
    run = subprocess.run(
        [program, "-v", version, "-c", community, "-t", "0.3", "-r", "0", "-On", "-Oq", f"127.0.0.1:{agent.port}",
         *words],
        capture_output=True, text=True, check=False, timeout=20,
    )  # fmt: skip
    return run.stdout or run.stderr


@pytest.mark.skipif(not shutil.which("snmpget"), reason="no `snmpget` program (package snmp)")
@pytest.mark.parametrize("version", ["1", "2c"])
def test_net_snmp_reads_walks_and_sets(version: str) -> None:
    relays, root = Outlets(["node1", "node2"]), "1.3.6.1.4.1.318"
    objects = {f"{root}.{n}": lambda n=n: 1 if relays.has_power(n) else 2 for n in (1, 2)}
    with contextlib.closing(
        SnmpAgent(objects, lambda name, value: relays.order(int(name[-1]), on=value == 1))
    ) as agent:
        assert snmp("snmpget", agent, version, f"{root}.1", community="public") == f".{root}.1 1\n"
        snmp("snmpset", agent, version, f"{root}.1", "i", "2", community="public")
        assert relays.is_on("node1")
        assert snmp("snmpset", agent, version, f"{root}.1", "i", "2") == f".{root}.1 2\n"
        assert not relays.is_on("node1")
        assert snmp("snmpwalk", agent, version, root).splitlines()[:2] == [f".{root}.1 2", f".{root}.2 1"]
        agent.misbehave(Fault.DENIES)
        assert "genError" in snmp("snmpset", agent, version, f"{root}.2", "i", "2")
        agent.misbehave(Fault.SILENT)
        assert "Timeout" in snmp("snmpget", agent, version, f"{root}.1")
