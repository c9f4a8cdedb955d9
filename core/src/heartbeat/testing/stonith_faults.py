"""The conformance tests of a STONITH device that misbehaves, is not there, or whose driver is killed."""

import contextlib
import functools
import time
import traceback
from collections.abc import Callable, Sequence

import pytest

from heartbeat.plugin import (
    AccessDenied,
    BadHost,
    OutletOff,
    ParamKind,
    PluginError,
    Power,
    ResetFailed,
    StonithDevice,
    TimedOut,
    Unreachable,
    Unsupported,
)
from heartbeat.testing.device import DeviceSimulator, Fault
from heartbeat.testing.killed import killed_on_the_way
from heartbeat.testing.leaks import nothing_left_open
from heartbeat.testing.stonith_simulated import SimulatedStonith

NO_ANSWER = (
    Fault.UNREACHABLE, Fault.SILENT, Fault.CLOSES, Fault.GARBAGE, Fault.REFUSES_LOGIN, Fault.LATE, Fault.BUSY,
    Fault.STRANGER,
)  # fmt: skip
"""Faults in which the device can tell nothing: every question must end in PluginError, in time, never in OFF."""

KEPT_OUT_BY = (Fault.REFUSES_LOGIN, Fault.STRANGER)
"""Those of them that the device or its key tells us: there is time to be told, however busy the machine."""

ITS_ERRORS: dict[Fault, tuple[type[PluginError], ...]] = {
    Fault.REFUSES_LOGIN: (AccessDenied,),
    Fault.STRANGER: (AccessDenied,),
    Fault.UNREACHABLE: (Unreachable, TimedOut),
    Fault.SILENT: (TimedOut, Unreachable),
}
"""Which errors an operator is told, where only some are true; of the other faults any of the family will do.

A late device is not among them: it may still hold the session that was given up, and say that it is in use.
"""

REFUSALS = (ResetFailed, AccessDenied, OutletOff, Unsupported)
"""The device was reached, understood the order and did not take it: PluginError alone would say less than is known."""

LEFT_OPEN_BY = (Fault.REFUSES_LOGIN, Fault.CLOSES, Fault.SILENT, Fault.STRANGER)
"""Faults after which a driver that closes only when all went well would leave its connection."""


class StonithFaults(SimulatedStonith):
    """What holds when something is wrong. A fault that the simulator cannot play is skipped."""

    def test_nothing_is_left_open_after_an_error_either(self, fake: DeviceSimulator) -> None:
        """Told apart from what the simulator has open by closing that, too."""
        faults = [fault for fault in LEFT_OPEN_BY if fault in fake.faults]
        if not faults:
            pytest.skip("nothing of this kind can go wrong with it")
        self.fail_of(faults)  # what a library opens once for the process is open now
        with nothing_left_open():
            self.fail_of(faults)

    def fail_of(self, faults: Sequence[Fault]) -> None:
        """Ask a device of its own for its status, once with each fault."""
        for fault in faults:
            with contextlib.closing(self.simulator()) as other:
                other.misbehave(fault)
                with pytest.raises(PluginError):
                    self.made(other.hasty_params()).status()

    def test_killed_at_any_point_it_leaves_no_lock_and_no_session(
        self, device: StonithDevice, raw: dict[str, str], fake: DeviceSimulator
    ) -> None:
        """The executor kills an operation at its deadline, wherever it is; the next one is a process of its own."""
        host = fake.hosts()[0]
        for _ in killed_on_the_way(lambda: self.made(raw).switch(host, Power.OFF)):
            self.until(lambda: self.works(device, host))
        device.switch(host, Power.OFF)
        self.until(lambda: not fake.is_on(host))

    def works(self, device: StonithDevice, host: str) -> bool:
        """Can the device be spoken to? The last word of a conversation that was cut short may cost one try."""
        try:
            device.status()
            return device.power(host) in (Power.ON, Power.OFF) or not device.can_read_power
        except PluginError:
            return False

    @pytest.mark.parametrize("fault", NO_ANSWER, ids=lambda fault: fault.name.lower())
    def test_no_answer_is_an_error_in_time_and_never_off(
        self, device: StonithDevice, hasty: StonithDevice, fake: DeviceSimulator, fault: Fault
    ) -> None:
        self.start(fake, fault)
        wanted = ITS_ERRORS.get(fault, (PluginError,))
        asked = device if fault in KEPT_OUT_BY else hasty
        host = fake.hosts()[0]
        calls: list[Callable[[], None]] = [asked.status, lambda: asked.switch(host, Power.OFF)]
        if asked.can_read_power:
            calls.append(lambda: self.not_off(asked.power(host)))
        for call in calls:
            began_s = time.monotonic()
            with pytest.raises(wanted, match=r"\w+ \w+") as problem:
                call()
            assert not isinstance(problem.value, BadHost), "it did not say that it does not switch the host"
            assert time.monotonic() - began_s < self.patience_s

    def not_off(self, power: Power) -> None:
        assert power is not Power.OFF, "a device that says nothing was read as off"

    def test_a_lie_is_not_repeated(self, device: StonithDevice, fake: DeviceSimulator) -> None:
        self.start(fake, Fault.LIES)
        host = fake.hosts()[0]
        with contextlib.suppress(PluginError):
            device.switch(host, Power.OFF)
        assert fake.is_on(host)
        assert device.power(host) is not Power.OFF

    @pytest.mark.parametrize("fault", [Fault.BREAKS_OFF, Fault.CUT_OFF], ids=lambda fault: fault.name.lower())
    def test_a_list_that_ends_early_is_not_taken_for_whole(
        self, hasty: StonithDevice, fake: DeviceSimulator, fault: Fault
    ) -> None:
        """Above all it says nothing about who is not in it: such a host is neither unknown nor off."""
        for doubled in (fake.outlets(host) for host in fake.hosts() if len(fake.outlets(host)) > 1):
            fake.turn(doubled[0], on=False)
        self.start(fake, fault)
        self.true_or_an_error(lambda: sorted(hasty.hosts()) == sorted(fake.hosts()))
        for host in fake.hosts():
            if hasty.can_read_power:
                self.true_or_an_error(functools.partial(_reads_on, hasty, host))
            self.true_or_an_error(functools.partial(_is_off_when_switched, hasty, fake, host))

    def test_an_answer_about_another_outlet_is_not_taken(
        self, device: StonithDevice, hasty: StonithDevice, fake: DeviceSimulator
    ) -> None:
        victim, other = fake.hosts()[0], fake.hosts()[-1]
        device.switch(other, Power.OFF)
        self.until(lambda: not fake.is_on(other))
        device.power(other)
        self.start(fake, Fault.OFF_TOPIC)
        if hasty.can_read_power:
            self.true_or_an_error(functools.partial(_reads_on, hasty, victim))
        self.true_or_an_error(functools.partial(_is_off_when_switched, hasty, fake, victim))

    def true_or_an_error(self, says_the_truth: Callable[[], bool]) -> None:
        """Ask a device that cannot answer well: it must know, or say what is wrong, and not with the host's name."""
        try:
            assert says_the_truth(), "what was not whole was taken as it is"
        except BadHost as problem:
            pytest.fail(f"the device did not say so: {problem}")
        except PluginError:
            return

    def test_a_refused_order_is_an_error(self, device: StonithDevice, fake: DeviceSimulator) -> None:
        self.start(fake, Fault.DENIES)
        with pytest.raises(REFUSALS):
            device.switch(fake.hosts()[0], Power.OFF)
        assert fake.is_on(fake.hosts()[0])

    def test_a_slow_relay_reads_on_until_it_has_acted(self, device: StonithDevice, fake: DeviceSimulator) -> None:
        self.start(fake, Fault.SLOW)
        host = fake.hosts()[0]
        device.switch(host, Power.OFF)
        while fake.is_on(host):
            before = device.power(host)
            assert before is not Power.OFF or not fake.is_on(host)
        self.until(lambda: device.power(host) is (Power.OFF if device.can_read_power else Power.UNKNOWN))

    @pytest.mark.parametrize("fault", [Fault.SPLIT, Fault.TRICKLES], ids=lambda fault: fault.name.lower())
    def test_an_answer_in_pieces_is_understood(
        self, device: StonithDevice, fake: DeviceSimulator, fault: Fault
    ) -> None:
        self.start(fake, fault)
        host = fake.hosts()[0]
        device.status()
        device.switch(host, Power.OFF)
        self.until(lambda: not fake.is_on(host))
        if device.can_read_power:
            assert device.power(host) is Power.OFF

    @pytest.mark.parametrize("fault", [Fault.LOSES_ORDER, Fault.HANGS_UP], ids=lambda fault: fault.name.lower())
    def test_after_a_connection_lost_with_an_order_the_truth_is_read(
        self, device: StonithDevice, fake: DeviceSimulator, fault: Fault
    ) -> None:
        """Whether the order was carried out nobody knows: no error may be taken for "still on", nor silence for off."""
        self.start(fake, fault)
        host = next(it for it in reversed(fake.hosts()) if len(fake.outlets(it)) < 2)
        with contextlib.suppress(PluginError):
            device.switch(host, Power.OFF)
        if fault is Fault.HANGS_UP:
            assert not fake.is_on(host), "a lost answer is no reason to switch the host on again"
        wanted = Power.ON if fake.is_on(host) else Power.OFF
        assert device.power(host) is (wanted if device.can_read_power else Power.UNKNOWN)
        device.switch(host, Power.OFF)
        self.until(lambda: not fake.is_on(host))

    def test_secrets_are_shown_in_no_error_and_no_log_whatever_happens(
        self, fake: DeviceSimulator, raw: dict[str, str], caplog: pytest.LogCaptureFixture
    ) -> None:
        secrets = [raw[it.name] for it in self.plugin.params if it.kind is ParamKind.SECRET and it.name in raw]
        if not secrets:
            pytest.skip("it has no secret")
        caplog.set_level("DEBUG")
        for fault in (Fault.SILENT, Fault.CLOSES, Fault.GARBAGE, Fault.DENIES, Fault.REFUSES_LOGIN, Fault.UNREACHABLE):
            if fault not in fake.faults:
                continue
            with contextlib.closing(self.simulator()) as other:
                other.misbehave(fault)
                device = self.made(other.hasty_params())
                try:
                    device.switch(other.hosts()[0], Power.OFF)
                except PluginError as problem:
                    shown = "".join(traceback.format_exception(problem)) + repr(problem.args)
                    assert not [text for text in secrets if text in shown], f"told when {fault.value}"
        assert not [text for text in secrets if text in caplog.text]

    def test_what_is_wrong_is_told_with_the_place(self, hasty: StonithDevice, fake: DeviceSimulator) -> None:
        """An operator at night reads one line; it must say what and where."""
        fault = next((it for it in NO_ANSWER if it in fake.faults), None)
        if fault is None:
            pytest.skip("nothing can go wrong with it")
        self.start(fake, fault)
        with pytest.raises(PluginError, match=r"\w+ \w+"):
            hasty.switch(fake.hosts()[0], Power.OFF)


def _reads_on(device: StonithDevice, host: str) -> bool:
    return device.power(host) is Power.ON


def _is_off_when_switched(device: StonithDevice, fake: DeviceSimulator, host: str) -> bool:
    device.switch(host, Power.OFF)
    return not fake.is_on(host)
