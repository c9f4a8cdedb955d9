"""The conformance tests of a STONITH device with its simulator: those of a good day, and with them all others."""

import contextlib

import pytest

from heartbeat.plugin import PluginError, Power, StonithDevice
from heartbeat.testing.device import DeviceSimulator, Fault
from heartbeat.testing.leaks import nothing_left_open
from heartbeat.testing.stonith_contract import StonithContract
from heartbeat.testing.stonith_faults import StonithFaults

__all__ = ["StonithConformance", "StonithContract"]


class StonithConformance(StonithFaults):
    """Subclass it and give ``plugin`` and ``simulator``.

    ``simulator``: a DeviceSimulator's class (``heartbeat.testing.device``), made anew for each test.
    ``orders``: what is ordered one after the other of the same host; a device that cannot switch on gives fewer.
    ``patience_s``: how long any single call may take, a device that answers nothing included; set the plugin's own
    time-outs short in the simulator's ``hasty_params``.
    """

    def test_the_order_is_carried_out_and_read_back(self, device: StonithDevice, fake: DeviceSimulator) -> None:
        victim, *others = fake.hosts()[:2]
        for power in self.orders:
            device.switch(victim, power)
            self.until_it_is(power, fake, victim)
            assert all(map(fake.is_on, others)), "another host was switched"
            if device.can_read_power:
                assert device.power(victim) is power
                assert {device.power(other) for other in others} <= {Power.ON}

    def test_the_case_of_a_name_does_not_matter(self, device: StonithDevice, fake: DeviceSimulator) -> None:
        host = fake.hosts()[0]
        device.switch(host.upper(), Power.OFF)
        self.until(lambda: not fake.is_on(host))
        if device.can_read_power:
            assert device.power(host.capitalize()) is Power.OFF

    def test_two_controllers_at_once_do_not_disturb_each_other(
        self, device: StonithDevice, raw: dict[str, str], fake: DeviceSimulator
    ) -> None:
        one, other = fake.hosts()[0], fake.hosts()[-1]
        second = self.made(raw)
        device.switch(one, Power.OFF)
        second.switch(other, Power.OFF)
        self.until(lambda: not fake.is_on(one) and not fake.is_on(other))

    def test_nothing_is_left_open(self, device: StonithDevice, raw: dict[str, str], fake: DeviceSimulator) -> None:
        device.status()
        device.power(fake.hosts()[0])  # what a library opens once for the process is open now
        fresh = self.made(raw)
        with nothing_left_open():
            fresh.hosts()
            fresh.power(fake.hosts()[0])
            fresh.switch(fake.hosts()[0], Power.OFF)

    def test_every_session_is_logged_out_of_also_after_an_error(
        self, device: StonithDevice, fake: DeviceSimulator
    ) -> None:
        """Most switches take one session, and one that was left keeps everybody out for minutes."""
        host = fake.hosts()[0]
        for call in (device.status, lambda: device.power(host), lambda: device.switch(host, Power.OFF)):
            call()
            assert fake.abandoned() == 0, "it hung up without logging out"
        with contextlib.suppress(PluginError):
            device.power("no-such-host")
        if Fault.DENIES in fake.faults:
            fake.misbehave(Fault.DENIES)
            with contextlib.suppress(PluginError):
                device.switch(host, Power.ON)
        assert fake.abandoned() == 0, "after an error it hung up without logging out"

    def test_of_names_that_begin_alike_only_the_whole_one_is_switched(
        self, device: StonithDevice, fake: DeviceSimulator
    ) -> None:
        alike = [(it, other) for it in fake.hosts() for other in fake.hosts() if it != other and other.startswith(it)]
        if not alike:
            pytest.skip("no host's name is the beginning of another's here")
        for shorter, longer in alike:
            for victim, other in ((shorter, longer), (longer, shorter)):
                before = fake.is_on(other)
                device.switch(victim, Power.OFF)
                self.until_it_is(Power.OFF, fake, victim)
                assert fake.is_on(other) == before, f"{other} was switched for {victim}"
                if device.can_read_power:
                    assert device.power(other) is (Power.ON if before else Power.OFF)
                device.switch(victim, Power.ON)
                self.until_it_is(Power.ON, fake, victim)

    def test_a_host_with_two_outlets_is_off_only_when_both_are(
        self, device: StonithDevice, fake: DeviceSimulator
    ) -> None:
        doubled = [host for host in fake.hosts() if len(fake.outlets(host)) > 1]
        if not doubled:
            pytest.skip("no host has two outlets here")
        for host in doubled:
            for left in fake.outlets(host):
                device.switch(host, Power.OFF)
                self.until_it_is(Power.OFF, fake, host)
                assert not device.can_read_power or device.power(host) is Power.OFF
                fake.turn(left, on=True)
                assert device.power(host) is not Power.OFF, f"outlet {left} still feeds {host}"
            device.switch(host, Power.ON)
            for outlet in fake.outlets(host):
                fake.turn(outlet, on=False)
                device.switch(host, Power.ON)
                self.until_it_is(Power.ON, fake, host)
