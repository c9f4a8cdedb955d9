"""Ping nodes that answer, are gone, are this very node; and packets that are no answer."""

import time

import pytest
from heartbeat.plugin import BadConfig, Tie, Verdict
from heartbeat.testing.contract import checked
from heartbeat.testing.leaks import nothing_left_open
from heartbeat.testing.namespace import Namespace
from heartbeat_comm_ping import Ping
from heartbeat_comm_ping.echo import ECHO_REPLY, ECHO_REQUEST, answers, checksum, request
from hypothesis import given
from hypothesis import strategies as st

Hosts = tuple[Namespace, Namespace]
TIE = Tie("linux-ha", (7, 0), ("node1", "node2"))
TOKEN = b"0123456789abcdef"


def asked(hosts: str, timeout: str = "300ms", within_s: float = 5) -> tuple[Verdict, str, float]:
    """Return what it says, why, and how long that took."""
    began_s = time.monotonic()
    with nothing_left_open():
        ruling = Ping(checked(Ping, {"hosts": hosts, "timeout": timeout})).ask(TIE, began_s + within_s)
    return ruling.verdict, ruling.why, time.monotonic() - began_s


@pytest.mark.usefixtures("hosts")
@pytest.mark.parametrize("host", ["10.9.0.254", "fd09::fe", "10.9.0.99,10.9.0.254", "FD09:0:0::FE"])
def test_one_that_answers_is_no_objection_at_once(host: str) -> None:
    verdict, why, took_s = asked(host, timeout="2")
    assert verdict is Verdict.NO_OBJECTION
    assert why in ("10.9.0.254 answers", "fd09::fe answers")
    assert took_s < 1.5, "it does not wait for those that do not answer"


@pytest.mark.usefixtures("hosts")
def test_the_first_packet_may_get_lost(hosts: Hosts) -> None:
    """Here it is the address that nobody has yet: the second request finds it."""
    node, router = hosts
    router.ip("link", "set", "eth0", "down")
    router.ip("link", "set", "eth0", "up")
    assert asked("10.9.0.254", timeout="2.5")[0] is Verdict.NO_OBJECTION
    node.ip("neighbour", "flush", "dev", "eth0")
    assert asked("10.9.0.254", timeout="2.5")[0] is Verdict.NO_OBJECTION


@pytest.mark.usefixtures("hosts")
def test_silence_is_a_denial_in_time_that_names_everybody() -> None:
    verdict, why, took_s = asked("10.9.0.99,fd09::99")
    assert verdict is Verdict.DENY
    assert "10.9.0.99" in why
    assert "fd09::99" in why
    assert took_s < 1.5


def test_a_cable_that_is_out_is_a_denial(hosts: Hosts) -> None:
    hosts[0].ip("link", "set", "eth0", "down")
    verdict, why, _ = asked("10.9.0.254")
    assert verdict is Verdict.DENY
    assert "unreachable" in why


@pytest.mark.usefixtures("hosts")
@pytest.mark.parametrize("own", ["10.9.0.1", "fd09::1"])
def test_an_address_of_the_node_itself_says_nothing(own: str) -> None:
    verdict, why, _ = asked(own)
    assert verdict is Verdict.DENY
    assert "this node itself" in why
    assert asked(f"{own},10.9.0.254", timeout="2")[0] is Verdict.NO_OBJECTION


@pytest.mark.usefixtures("hosts")
def test_it_never_takes_longer_than_it_may() -> None:
    verdict, _, took_s = asked("10.9.0.99", timeout="2.5", within_s=0.2)
    assert verdict is Verdict.DENY
    assert took_s < 1
    assert asked("10.9.0.254", within_s=-1)[0] is Verdict.UNREACHABLE


@pytest.mark.parametrize("hosts", ["router", "127.0.0.1", "224.0.0.1", "::", "10.0.0.1,10.0.0.256"])
def test_what_can_be_no_ping_node_is_refused_before_there_is_a_tie(hosts: str) -> None:
    with pytest.raises(BadConfig, match="hosts: "):
        Ping.check(checked(Ping, {"hosts": hosts}))


# Packets.


def reply(token: bytes = TOKEN, kind: int = ECHO_REPLY, words: int = 5) -> bytes:
    """Return an answer as a raw socket of IPv4 hands it over: its header has five words, more with options."""
    return bytes([0x40 | words]) + bytes(4 * words - 1) + bytes([kind, 0, 0, 0, 0, 1, 0, 1]) + token


def test_an_answer_is_known_by_the_token_of_the_request() -> None:
    assert answers(reply(), TOKEN, is_ipv6=False)
    assert answers(reply(words=8), TOKEN, is_ipv6=False)
    assert not answers(reply(b"another's request"), TOKEN, is_ipv6=False)
    assert not answers(reply(TOKEN[:-1]), TOKEN, is_ipv6=False)
    assert not answers(reply(kind=ECHO_REQUEST), TOKEN, is_ipv6=False), "our own, which a raw socket may see, too"
    assert answers(bytes([129, 0, 0, 0, 0, 1, 0, 1]) + TOKEN, TOKEN, is_ipv6=True)


@given(st.binary(max_size=80), st.booleans())
def test_nothing_else_is_an_answer_and_nothing_breaks_it(packet: bytes, is_ipv6: bool) -> None:  # noqa: FBT001
    assert not answers(packet, TOKEN, is_ipv6=is_ipv6)


@given(st.binary(max_size=80))
def test_the_checksum_makes_the_whole_sum_to_nothing(data: bytes) -> None:
    whole = data + bytes(len(data) % 2)
    assert checksum(whole + checksum(whole).to_bytes(2, "big")) == 0
    assert checksum(data) == checksum(whole), "an odd byte counts as the upper half of a word"


def test_a_request_carries_its_own_checksum() -> None:
    assert checksum(request(TOKEN, is_ipv6=False)) == 0
