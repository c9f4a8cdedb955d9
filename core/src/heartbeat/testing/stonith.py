"""The conformance tests of a STONITH device."""

import contextlib
import functools
import time
import traceback
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest

from heartbeat.plugin import AccessDenied, BadHost, ParamKind, Plugin, PluginError, Power, StonithDevice
from heartbeat.testing.contract import DeclarationConformance, checked
from heartbeat.testing.device import DeviceSimulator, Fault
from heartbeat.testing.leaks import nothing_left_open

NO_ANSWER = (
    Fault.UNREACHABLE, Fault.SILENT, Fault.CLOSES, Fault.GARBAGE, Fault.REFUSES_LOGIN, Fault.LATE, Fault.BUSY,
)  # fmt: skip
"""Faults in which the device can tell nothing: every question must end in PluginError, in time, never in OFF."""


class StonithContract(DeclarationConformance):
    """What is true of every device, also of one that has nothing to simulate: a person, or none at all.

    Subclass it for such a one and give ``plugin`` and ``given``, which returns unparsed parameters that name two hosts.
    ``refuses``: the error with which ``switch`` always ends, for a device that never switches by itself.
    """

    plugin: ClassVar[type[Plugin]]
    refuses: ClassVar[type[PluginError] | None] = None

    @pytest.fixture
    def raw(self) -> dict[str, str]:
        return self.given()

    def given(self) -> dict[str, str]:
        """Return the unparsed parameters of a device with two hosts."""
        raise NotImplementedError("the subclass says which hosts")

    @pytest.fixture
    def device(self, raw: dict[str, str]) -> StonithDevice:
        return self.made(raw)

    def made(self, raw: dict[str, str]) -> StonithDevice:
        """Return the device as core makes it."""
        assert issubclass(self.plugin, StonithDevice)
        return self.plugin(checked(self.plugin, raw))

    def test_it_switches_the_hosts_it_names_and_names_them_twice(self, device: StonithDevice) -> None:
        hosts = device.hosts()
        assert len(hosts) >= 2, "the parameters of the test must name two hosts"
        assert device.hosts() == hosts
        configured = type(device).configured_hosts(device.settings)
        if configured is not None:
            assert sorted(map(str.lower, configured)) == sorted(map(str.lower, hosts))
        device.status()

    @pytest.mark.parametrize("name", ["no-such-host", "", "prefix"])
    def test_a_host_it_does_not_switch_is_refused(self, device: StonithDevice, name: str) -> None:
        """Above all not by prefix: node10 is not node1, and node is neither."""
        near = [near for it in device.hosts() for near in (it + "0", it + " x", it[:-1], it[1:], it + it)]
        for stranger in near if name == "prefix" else (name, " ", "*", "\r\n"):
            if stranger.strip() and stranger.lower() in map(str.lower, device.hosts()):
                continue
            with pytest.raises(BadHost):
                device.power(stranger)
            for power in (Power.OFF, Power.ON):
                with pytest.raises(BadHost):
                    device.switch(stranger, power)

    def test_switching_to_unknown_is_a_mistake_of_the_caller(self, device: StonithDevice) -> None:
        with pytest.raises((ValueError, PluginError)):
            device.switch(device.hosts()[0], Power.UNKNOWN)

    def test_a_device_that_cannot_read_says_unknown_and_nothing_else(self, device: StonithDevice) -> None:
        if device.can_read_power:
            pytest.skip("it can read")
        host = device.hosts()[0]
        assert device.power(host) is Power.UNKNOWN
        for power in (Power.OFF, Power.ON):
            with contextlib.suppress(PluginError):
                device.switch(host, power)
            assert device.power(host) is Power.UNKNOWN, "an order that was taken is no proof"

    def test_a_device_for_tests_or_without_read_back_does_not_claim_more(self, device: StonithDevice) -> None:
        assert device.worst_off_s > 0
        if self.refuses:
            for power in (Power.OFF, Power.ON):
                with pytest.raises(self.refuses) as refusal:
                    device.switch(device.hosts()[0], power)
                assert device.hosts()[0] in str(refusal.value), "the error must name the host"

    def test_secrets_are_shown_nowhere(
        self, device: StonithDevice, raw: dict[str, str], caplog: pytest.LogCaptureFixture
    ) -> None:
        secrets = [raw[it.name] for it in self.plugin.params if it.kind is ParamKind.SECRET and it.name in raw]
        shown = repr(device) + str(device) + repr(vars(device)) + repr(device.settings)
        for call in (device.hosts, device.status, lambda: device.power("no-such-host")):
            try:
                call()
            except PluginError as problem:
                shown += str(problem) + repr(problem)
        for text in secrets:
            assert text not in shown + caplog.text


class StonithConformance(StonithContract):
    """Subclass it and give ``plugin`` and ``simulator``.

    ``simulator``: a DeviceSimulator's class (``heartbeat.testing.device``), made anew for each test.
    ``orders``: what is ordered one after the other of the same host; a device that cannot switch on gives fewer.
    ``patience_s``: how long any single call may take, a device that answers nothing included; set the plugin's own
    time-outs short in the simulator's ``params``.
    """

    simulator: ClassVar[type[DeviceSimulator]]
    orders: ClassVar[tuple[Power, ...]] = (Power.OFF, Power.OFF, Power.ON, Power.ON)
    patience_s: ClassVar[float] = 10.0

    @pytest.fixture
    def fake(self) -> Iterator[DeviceSimulator]:
        """The simulator."""
        with contextlib.closing(self.simulator()) as made:
            yield made

    @pytest.fixture
    def raw(self, fake: DeviceSimulator) -> dict[str, str]:
        return fake.params()

    def test_the_order_is_carried_out_and_read_back(self, device: StonithDevice, fake: DeviceSimulator) -> None:
        victim, other = fake.hosts()[:2]
        for power in self.orders:
            device.switch(victim, power)
            self.until(functools.partial(_is, fake, victim, power))
            assert fake.is_on(other), "another host was switched"
            if device.can_read_power:
                assert device.power(victim) is power
                assert device.power(other) is Power.ON

    def test_the_case_of_a_name_does_not_matter(self, device: StonithDevice, fake: DeviceSimulator) -> None:
        host = fake.hosts()[0]
        device.switch(host.upper(), Power.OFF)
        self.until(lambda: not fake.is_on(host))
        if device.can_read_power:
            assert device.power(host.capitalize()) is Power.OFF

    def test_two_controllers_at_once_do_not_disturb_each_other(
        self, device: StonithDevice, raw: dict[str, str], fake: DeviceSimulator
    ) -> None:
        one, other = fake.hosts()[:2]
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

    @pytest.mark.parametrize("fault", NO_ANSWER, ids=lambda fault: fault.name.lower())
    def test_no_answer_is_an_error_in_time_and_never_off(
        self, device: StonithDevice, fake: DeviceSimulator, fault: Fault
    ) -> None:
        self.start(fake, fault)
        wanted = AccessDenied if fault is Fault.REFUSES_LOGIN else PluginError
        host = fake.hosts()[0]
        calls: list[Callable[[], None]] = [device.status, lambda: device.switch(host, Power.OFF)]
        if device.can_read_power:
            calls.append(lambda: self.not_off(device.power(host)))
        for call in calls:
            began_s = time.monotonic()
            with pytest.raises(wanted, match=r"\w+ \w+"):
                call()
            assert time.monotonic() - began_s < self.patience_s

    def test_a_lie_is_not_repeated(self, device: StonithDevice, fake: DeviceSimulator) -> None:
        self.start(fake, Fault.LIES)
        host = fake.hosts()[0]
        with contextlib.suppress(PluginError):
            device.switch(host, Power.OFF)
        assert fake.is_on(host)
        assert device.power(host) is not Power.OFF

    def test_a_refused_order_is_an_error(self, device: StonithDevice, fake: DeviceSimulator) -> None:
        self.start(fake, Fault.DENIES)
        with pytest.raises(PluginError):
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
                self.until(functools.partial(_is, fake, victim, Power.OFF))
                assert fake.is_on(other) == before, f"{other} was switched for {victim}"
                if device.can_read_power:
                    assert device.power(other) is (Power.ON if before else Power.OFF)
                device.switch(victim, Power.ON)
                self.until(functools.partial(_is, fake, victim, Power.ON))

    def test_a_host_with_two_outlets_is_off_only_when_both_are(
        self, device: StonithDevice, fake: DeviceSimulator
    ) -> None:
        doubled = [host for host in fake.hosts() if len(fake.outlets(host)) > 1]
        if not doubled:
            pytest.skip("no host has two outlets here")
        for host in doubled:
            for left in fake.outlets(host):
                device.switch(host, Power.OFF)
                self.until(functools.partial(_is, fake, host, Power.OFF))
                assert not device.can_read_power or device.power(host) is Power.OFF
                fake.turn(left, on=True)
                assert device.power(host) is not Power.OFF, f"outlet {left} still feeds {host}"
            device.switch(host, Power.ON)
            for outlet in fake.outlets(host):
                fake.turn(outlet, on=False)
                device.switch(host, Power.ON)
                self.until(functools.partial(_is, fake, host, Power.ON))

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
                device = self.made(other.params())
                try:
                    device.switch(other.hosts()[0], Power.OFF)
                except PluginError as problem:
                    shown = "".join(traceback.format_exception(problem)) + repr(problem.args)
                    assert not [text for text in secrets if text in shown], f"told when {fault.value}"
        assert not [text for text in secrets if text in caplog.text]

    def test_what_is_wrong_is_told_with_the_place(self, device: StonithDevice, fake: DeviceSimulator) -> None:
        """An operator at night reads one line; it must say what and where."""
        fault = next((it for it in NO_ANSWER if it in fake.faults), None)
        if fault is None:
            pytest.skip("nothing can go wrong with it")
        self.start(fake, fault)
        with pytest.raises(PluginError, match=r"\w+ \w+"):
            device.switch(fake.hosts()[0], Power.OFF)

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

    def not_off(self, power: Power) -> None:
        assert power is not Power.OFF, "a device that says nothing was read as off"


def _is(fake: DeviceSimulator, host: str, power: Power) -> bool:
    return fake.is_on(host) == (power is Power.ON)
