"""The lab's device: the conformance kit against its simulator, and what is its own."""

import contextlib
from pathlib import Path

import pytest
from heartbeat.plugin import Power, ResetFailed, Unreachable, parse_params
from heartbeat.testing.device import Fault
from heartbeat.testing.stonith import StonithConformance
from heartbeat_stonith_lab import Lab
from heartbeat_stonith_lab.simulator import LabSwitch


class TestLab(StonithConformance):
    plugin = Lab
    simulator = LabSwitch
    readme = Path(__file__).parents[1] / "README.md"


def lab(raw: dict[str, str]) -> Lab:
    params, problems = parse_params(Lab.params, raw)
    assert not problems
    return Lab(params)


def test_it_names_only_the_hosts_that_the_lab_has() -> None:
    with contextlib.closing(LabSwitch()) as switch:
        assert lab({**switch.params(), "hostlist": "node2 elsewhere"}).hosts() == ["node2"]


def test_a_refusal_is_told_in_the_device_s_own_words() -> None:
    with contextlib.closing(LabSwitch()) as switch:
        switch.misbehave(Fault.DENIES)
        with pytest.raises(ResetFailed, match="outlet is locked"):
            lab(switch.params()).switch("node1", Power.OFF)


def test_outside_a_lab_it_says_so() -> None:
    with pytest.raises(Unreachable, match="is this a node of hb lab"):
        lab({"hostlist": "node1", "socket": "/nowhere/power.sock"}).hosts()


def test_it_must_not_protect_real_data() -> None:
    assert Lab.test_only
