"""Every announced simulator plays its device for whatever hosts it is given, as `hb lab up --fence TYPE` needs it."""

import contextlib
import time

import pytest
from heartbeat.pils.registry import PluginRegistry
from heartbeat.plugin import Power, StonithDevice
from heartbeat.testing.contract import checked
from heartbeat.testing.outlets import Outlets
from heartbeat.testing.serial_line import SerialSimulator
from heartbeat.testing.simulators import NoSimulator, simulated_types, simulator_of

HOSTS = ("alpha", "beta", "gamma")


def test_the_types_that_can_be_played_are_those_that_are_announced() -> None:
    assert {"apcmaster", "apcmastersnmp", "baytech", "rps10", "wti_nps"} <= {*simulated_types()}
    assert {*simulated_types()} <= {it.name for it in PluginRegistry().announced() if it.kind == "stonith"}


@pytest.mark.parametrize("device_type", simulated_types())
def test_a_simulator_feeds_the_hosts_that_it_is_given(device_type: str) -> None:
    simulator = simulator_of(device_type)
    names = HOSTS[: simulator.hosts_max or len(HOSTS)]
    driver = PluginRegistry().load("stonith", device_type)
    assert issubclass(driver, StonithDevice)
    relays = Outlets(names)
    with contextlib.closing(simulator.feeding(relays)) as box:
        device = driver(checked(driver, box.params()))
        assert sorted(device.hosts()) == sorted(names)
        device.switch(names[-1], Power.OFF)
        deadline_s = time.monotonic() + 20
        while relays.is_on(names[-1]):
            assert time.monotonic() < deadline_s, "the order did not reach the relay it was given"
            time.sleep(0.005)
        assert all(map(relays.is_on, names[:-1]))
        assert relays.journal


def test_a_serial_device_tells_where_its_cable_ends() -> None:
    simulator = simulator_of("rps10")
    assert issubclass(simulator, SerialSimulator)
    with contextlib.closing(simulator.feeding(Outlets(["alpha"]))) as box:
        assert box.params()["serial_to_targets"] == f"{box.line.path} alpha 0"


@pytest.mark.parametrize(
    ("asked", "told"),
    [("rps11", "no device type 'rps11'.*write rps10"), ("null", "the plugin of 'null' brings no simulator.*rps10")],
)
def test_what_cannot_be_played_is_named_with_the_nearest(asked: str, told: str) -> None:
    with pytest.raises(NoSimulator, match=told):
        simulator_of(asked)
