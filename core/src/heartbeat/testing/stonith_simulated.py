"""A STONITH device with its simulator: what the checks with it are made of."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest

from heartbeat.plugin import Power, StonithDevice
from heartbeat.testing.device import DeviceSimulator, Fault
from heartbeat.testing.stonith_contract import StonithContract


class SimulatedStonith(StonithContract):
    """The fixtures: the simulator, its parameters, the device that reaches it."""

    simulator: ClassVar[type[DeviceSimulator]]
    orders: ClassVar[tuple[Power, ...]] = (Power.OFF, Power.OFF, Power.ON, Power.ON)
    patience_s: ClassVar[float] = 20.0

    @pytest.fixture
    def fake(self) -> Iterator[DeviceSimulator]:
        """The simulator."""
        with contextlib.closing(self.simulator()) as made:
            yield made

    @pytest.fixture
    def raw(self, fake: DeviceSimulator) -> dict[str, str]:
        return fake.params()

    @pytest.fixture
    def hasty(self, fake: DeviceSimulator) -> StonithDevice:
        """The device with short time-outs."""
        return self.made(fake.hasty_params())

    def start(self, fake: DeviceSimulator, fault: Fault) -> None:
        """Start a fault, or skip the test when the simulator has none such."""
        if fault not in fake.faults:
            pytest.skip(f"{type(fake).__name__} cannot act as if {fault.value}")
        fake.misbehave(fault)

    def until(self, is_so: Callable[[], bool]) -> None:
        """Return when the world is so; fail when it is not after ``patience_s``."""
        deadline_s = time.monotonic() + self.patience_s
        while not is_so():
            assert time.monotonic() < deadline_s, "it did not happen in time"
            time.sleep(0.005)

    def until_it_is(self, power: Power, fake: DeviceSimulator, host: str) -> None:
        """Return when the host's power really is so."""
        self.until(lambda: fake.is_on(host) == (power is Power.ON))
