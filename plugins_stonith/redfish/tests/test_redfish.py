"""The Redfish driver: the conformance kit against a service over TLS, and what is its own."""

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from heartbeat.plugin import AccessDenied, BadConfig, BadHost, PluginError, Power, ResetFailed, Unsupported
from heartbeat.testing.contract import checked
from heartbeat.testing.device import Fault
from heartbeat.testing.stonith import StonithConformance
from heartbeat_stonith_redfish import Redfish
from heartbeat_stonith_redfish.simulator import (
    HOST,
    LOGIN,
    MACHINE,
    RESET,
    SECRET,
    SESSIONS,
    SYSTEM,
    SYSTEMS,
    RedfishService,
)

README = Path(__file__).parents[1] / "README.md"


class BySession(RedfishService):
    """A service that is logged in to and out of."""

    def params(self) -> dict[str, str]:
        return super().params() | {"auth": "session"}


class TestRedfish(StonithConformance):
    plugin = Redfish
    simulator = RedfishService
    hosts_min = 1
    readme = README


class TestRedfishBySession(StonithConformance):
    plugin = Redfish
    simulator = BySession
    hosts_min = 1


@pytest.fixture
def service() -> Iterator[RedfishService]:
    with contextlib.closing(RedfishService()) as made:
        yield made


def redfish(service: RedfishService, **changes: str) -> Redfish:
    """Return the driver for the service; an empty change leaves a parameter out."""
    return Redfish(checked(Redfish, {name: it for name, it in (service.params() | changes).items() if it}))


def test_the_host_is_known_before_the_controller_is_spoken_to() -> None:
    nowhere = {"hostname": "node1", "ipaddr": "192.0.2.1", "login": "admin", "password": "secret"}
    assert Redfish.configured_hosts(checked(Redfish, nowhere)) == ("node1",)
    with pytest.raises(BadHost, match="does not switch node2; it switches node1"):
        Redfish(checked(Redfish, nowhere)).switch("node2", Power.OFF)
    with pytest.raises(BadConfig, match="`systems_uri` 'Systems/1' is no path"):
        Redfish.configured_hosts(checked(Redfish, nowhere | {"systems_uri": "Systems/1"}))


def test_a_node_is_forced_off_and_never_asked_to_shut_down(service: RedfishService) -> None:
    redfish(service).switch(HOST, Power.OFF)
    redfish(service).switch(HOST, Power.ON)
    assert service.orders == ["ForceOff", "On"]


def test_a_system_that_is_off_already_refuses_and_that_is_good(service: RedfishService) -> None:
    service.relays.turn(1, on=False)
    redfish(service).switch(HOST, Power.OFF)
    assert service.orders == ["ForceOff"]
    assert redfish(service).power(HOST) is Power.OFF


def test_a_refusal_is_told_in_the_words_of_the_service(service: RedfishService) -> None:
    service.misbehave(Fault.DENIES)
    with pytest.raises(ResetFailed, match=r"refuses ForceOff with status 503: The request failed due to an internal"):
        redfish(service).switch(HOST, Power.OFF)


@pytest.mark.parametrize(
    ("state", "power"),
    [("On", Power.ON), ("PoweringOff", Power.ON), ("PoweringOn", Power.ON), ("Off", Power.OFF), ("off", Power.UNKNOWN),
     (None, Power.UNKNOWN), (["Off"], Power.UNKNOWN)],
)  # fmt: skip
def test_only_off_is_off(service: RedfishService, state: object, power: Power) -> None:
    service.system = {"PowerState": state}
    assert redfish(service).power(HOST) is power


def test_without_the_reset_that_is_needed_nothing_is_posted(service: RedfishService) -> None:
    reset = {"target": RESET, "ResetType@Redfish.AllowableValues": ["On", "GracefulShutdown"]}
    service.system = {"Actions": {"#ComputerSystem.Reset": reset}}
    with pytest.raises(Unsupported, match="has no reset ForceOff; it allows On, GracefulShutdown"):
        redfish(service).switch(HOST, Power.OFF)
    service.system = {"Actions": {"#ComputerSystem.Reset": {"target": RESET}}}
    redfish(service).switch(HOST, Power.OFF)
    assert service.orders == ["ForceOff"]


@pytest.mark.parametrize("target", ["https://elsewhere.example/reset", "//elsewhere.example/reset", "reset", 7])
def test_an_order_goes_nowhere_but_to_the_controller_itself(service: RedfishService, target: object) -> None:
    service.system = {"Actions": {"#ComputerSystem.Reset": {"target": target}}}
    with pytest.raises(PluginError, match="names a path of its own that is none"):
        redfish(service).switch(HOST, Power.OFF)
    assert service.is_on(HOST)


def test_of_several_systems_the_configuration_must_say_which(service: RedfishService) -> None:
    service.members = [f"{SYSTEMS}/Blade1", SYSTEM]
    with pytest.raises(BadConfig, match=f"has 2 systems: say which is this host, `systems_uri`, of .*Blade1, {SYSTEM}"):
        redfish(service).switch(HOST, Power.OFF)
    redfish(service, systems_uri=SYSTEM).switch(HOST, Power.OFF)
    assert not service.is_on(HOST)
    with pytest.raises(PluginError, match=r"answers /redfish/v1/Systems/Blade1 with status 404"):
        redfish(service, systems_uri=f"{SYSTEMS}/Blade1").power(HOST)


def test_a_resource_that_is_no_system_is_told_from_one(service: RedfishService) -> None:
    with pytest.raises(BadConfig, match="has no PowerState, so it is no computer system; check `systems_uri`"):
        redfish(service, systems_uri=SYSTEMS).power(HOST)


def test_a_service_that_wants_to_know_what_is_changed_is_told_its_tag(service: RedfishService) -> None:
    reset = service.web.pages[f"POST {RESET}"]
    asked: list[bytes] = []

    def first_wants_a_tag(body: bytes) -> Any:
        asked.append(body)
        return (428, b"", {}) if len(asked) == 1 else reset(body)

    service.web.pages = {**service.web.pages, f"POST {RESET}": first_wants_a_tag}
    redfish(service).switch(HOST, Power.OFF)
    assert asked == [json.dumps({"ResetType": "ForceOff"}, separators=(",", ":")).encode()] * 2
    assert not service.is_on(HOST)


def test_the_machine_is_told_by_its_own_name(service: RedfishService) -> None:
    assert redfish(service).identity(HOST).machine == MACHINE.lower()
    service.system = {}
    assert redfish(service).identity(HOST).machine == ""


def test_a_certificate_that_nobody_vouches_for_gets_no_password(service: RedfishService) -> None:
    heard = service.web.authorization
    service.web.authorization = "nobody is let in"
    with pytest.raises(AccessDenied, match=r"certificate of 127\.0\.0\.1 port \d+ is not trusted.*`ca_file`"):
        redfish(service, ca_file="").switch(HOST, Power.OFF)
    service.web.authorization = heard
    redfish(service, ca_file="", check_certificate="no").switch(HOST, Power.OFF)
    assert not service.is_on(HOST)


def test_a_certificate_for_another_name_is_taken_only_when_told_so(service: RedfishService) -> None:
    with pytest.raises(AccessDenied, match=r"is not trusted: .*localhost"):
        redfish(service, ipaddr="localhost").status()
    redfish(service, ipaddr="localhost", check_name="no").status()


def test_a_file_without_certificates_is_named(service: RedfishService, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"`ca_file` .*/none"):
        redfish(service, ca_file=str(tmp_path / "none")).status()


@pytest.mark.parametrize("auth", ["basic", "session"])
def test_a_wrong_password_is_told_without_it(service: RedfishService, auth: str) -> None:
    with pytest.raises(AccessDenied, match="does not let operator do this") as told:
        redfish(service, password="another-secret", auth=auth).status()
    assert "another-secret" not in str(told.value)


def test_a_session_ends_also_after_an_error(service: RedfishService) -> None:
    service.misbehave(Fault.DENIES)
    with pytest.raises(ResetFailed):
        redfish(service, auth="session").switch(HOST, Power.OFF)
    assert service.abandoned() == 0
    assert any(page.startswith(f"DELETE {SESSIONS}") for page in service.web.pages)


def test_an_answer_without_end_is_given_up(service: RedfishService) -> None:
    service.web.pages = {**service.web.pages, f"GET {SYSTEM}": lambda body: (200, b" " * (2 << 20))}
    with pytest.raises(PluginError, match="sends more than 1048576 bytes"):
        redfish(service).power(HOST)


@pytest.mark.parametrize("told", [b"", b"On", b"[]", b'{"PowerState": "Off"', b"\xff\xfe", b"[" * 100000])
def test_what_is_no_resource_is_no_power(service: RedfishService, told: bytes) -> None:
    service.web.pages = {**service.web.pages, f"GET {SYSTEM}": lambda body: (200, told)}
    with pytest.raises(PluginError, match=r"answers /redfish/v1/Systems/System\.Embedded\.1 with status 200"):
        redfish(service).power(HOST)


@pytest.mark.skipif(not shutil.which("fence_redfish"), reason="no `fence_redfish` program (package fence-agents)")
def test_fence_redfish_of_fence_agents_switches_and_reads(service: RedfishService) -> None:
    """It reads back as we do, and finds the system by itself."""
    words = ["-a", "127.0.0.1", "-u", str(service.web.port), "-l", LOGIN, "-p", SECRET, "--ssl-insecure"]
    for action, wanted, is_on in (("off", 0, False), ("status", 2, False), ("on", 0, True), ("status", 0, True)):
        done = subprocess.run(
            ["fence_redfish", *words, "-o", action],
            capture_output=True, text=True, timeout=100, check=False, env={"PATH": os.environ["PATH"]},
        )  # fmt: skip
        assert done.returncode == wanted, done.stdout + done.stderr
        assert service.is_on(HOST) is is_on
    assert service.orders == ["ForceOff", "On"]
