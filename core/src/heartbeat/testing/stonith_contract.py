"""What is true of every STONITH device, one without a device included: the first half of its conformance tests."""

import contextlib
from typing import ClassVar

import pytest

from heartbeat.plugin import BadHost, ParamKind, Plugin, PluginError, Power, StonithDevice
from heartbeat.testing.contract import DeclarationConformance, checked


class StonithContract(DeclarationConformance):
    """What is true of every device, also of one that has nothing to simulate: a person, or none at all.

    Subclass it for such a one and give ``plugin`` and ``given``, which returns unparsed parameters that name two hosts.
    ``hosts_min``: 1 for a device that can only ever switch one host, such as a box with one outlet.
    ``refuses``: the error with which ``switch`` always ends, for a device that never switches by itself.
    """

    plugin: ClassVar[type[Plugin]]
    hosts_min: ClassVar[int] = 2
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
        assert len(hosts) >= self.hosts_min, "the parameters of the test must name two hosts"
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

    def test_a_device_that_claims_to_read_knows_what_is_on(self, device: StonithDevice) -> None:
        if not device.can_read_power:
            pytest.skip("it claims no such thing")
        for host in device.hosts():
            assert device.power(host) in (Power.ON, Power.OFF), "nothing is wrong with the device, and it does not know"

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
