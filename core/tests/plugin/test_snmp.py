"""SNMP by pysnmp against the brick of an agent: what an object is, what a missing one is, and what an error says."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from heartbeat.plugin import AccessDenied, PluginError, ResetFailed, Secret, TimedOut, Unreachable
from heartbeat.plugin.snmp import Snmp
from heartbeat.testing.device import Fault
from heartbeat.testing.leaks import nothing_left_open
from heartbeat.testing.snmp_agent import Oid, SnmpAgent, Value

hlapi: Any = pytest.importorskip("pysnmp.hlapi.v1arch.asyncio")

OBJECTS: dict[str, Any] = {
    "1.3.6.1.2.1.1.2.0": Oid("1.3.6.1.4.1.318.1.3.4.5"),
    "1.3.6.1.4.1.9.1.1": b"node1   ",
    "1.3.6.1.4.1.9.1.2": b"2",
    "1.3.6.1.4.1.9.1.10": b"",
    "1.3.6.1.4.1.9.2.1": 2,
    "1.3.6.1.4.1.9.2.2": -1,
}


@pytest.fixture
def agent() -> Iterator[SnmpAgent]:
    told: dict[str, Value] = {}

    def order(name: str, value: Value) -> bool:
        told[name] = value
        return value != 9

    with contextlib.closing(SnmpAgent({**OBJECTS, "1.3.6.1.4.1.9.3.0": lambda: repr(told).encode()}, order)) as made:
        yield made


def snmp(agent: SnmpAgent, community: str = "private", version: str = "1", limit_s: float = 5.0) -> Snmp:
    return Snmp(hlapi, "127.0.0.1", agent.port, Secret(community), version, limit_s=limit_s)


@pytest.mark.parametrize("version", ["1", "2c"])
def test_values_are_plain_and_a_missing_one_is_none(agent: SnmpAgent, version: str) -> None:
    with snmp(agent, version=version) as manager:
        assert manager.get("1.3.6.1.2.1.1.2.0") == "1.3.6.1.4.1.318.1.3.4.5"
        assert manager.get("1.3.6.1.4.1.9.1.1") == "node1"
        assert manager.get("1.3.6.1.4.1.9.1.2") == "2"
        assert manager.get("1.3.6.1.4.1.9.2.2") == -1
        assert manager.get("1.3.6.1.4.1.9.9") is None


@pytest.mark.parametrize("version", ["1", "2c"])
def test_a_column_ends_where_the_next_one_begins_or_the_agent_has_no_more(agent: SnmpAgent, version: str) -> None:
    with snmp(agent, version=version) as manager:
        assert manager.column("1.3.6.1.4.1.9.1") == {1: "node1", 2: "2", 10: ""}
        assert manager.column("1.3.6.1.4.1.9.2") == {1: 2, 2: -1}
        assert manager.column("1.3.6.1.4.1.9.4") == {}


def test_a_number_is_set_and_a_refusal_told(agent: SnmpAgent) -> None:
    with snmp(agent) as manager:
        manager.set("1.3.6.1.4.1.9.2.1", 2)
        assert manager.get("1.3.6.1.4.1.9.3.0") == "{'1.3.6.1.4.1.9.2.1': 2}"
        with pytest.raises(ResetFailed, match=r"refuses an order: genErr; may `community` write\?"):
            manager.set("1.3.6.1.4.1.9.2.1", 9)


def test_a_wrong_community_is_silence_and_not_told(agent: SnmpAgent) -> None:
    with snmp(agent, "hunter2", limit_s=0.2) as manager:
        with pytest.raises(TimedOut, match=r"within 0\.2 s; is it an SNMP agent, and is `community` right") as told:
            manager.get("1.3.6.1.2.1.1.2.0")
        with pytest.raises(TimedOut, match="no answer to an order"):
            manager.set("1.3.6.1.4.1.9.2.1", 2)
    assert "hunter2" not in str(told.value)


def test_answers_without_sense_are_an_error_in_time(agent: SnmpAgent) -> None:
    agent.misbehave(Fault.GARBAGE)
    with snmp(agent, limit_s=0.2) as manager, pytest.raises(PluginError):
        manager.get("1.3.6.1.2.1.1.2.0")


def test_nothing_is_left_open_whatever_happens(agent: SnmpAgent) -> None:
    with snmp(agent) as manager:
        manager.get("1.3.6.1.2.1.1.2.0")
    with nothing_left_open():
        with snmp(agent) as manager:
            manager.get("1.3.6.1.2.1.1.2.0")
        with (
            pytest.raises(Unreachable, match="is not known"),
            Snmp(hlapi, "no such host", 161, Secret("x"), "1", limit_s=0.2),
        ):
            pass


@pytest.mark.parametrize("version", ["1", "2c"])
def test_whether_a_community_may_write_shows_without_an_order(agent: SnmpAgent, version: str) -> None:
    with snmp(agent, version=version) as manager:
        manager.may_write()
        assert manager.get("1.3.6.1.4.1.9.3.0") == "{}"
    refused = pytest.raises(AccessDenied, match="answers questions and takes no order from `community`")
    with snmp(agent, "public", version, limit_s=0.5) as manager, refused:
        manager.may_write()
    assert agent.name == b"simulated"
