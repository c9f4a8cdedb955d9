"""The OCF runner: exit codes, environment, and agents that misbehave."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from heartbeat.plugin import (
    AccessDenied,
    BadConfig,
    Claim,
    Health,
    NotInstalled,
    Params,
    PluginError,
    Unsupported,
)
from heartbeat_ra_ocf import OcfAgent
from heartbeat_ra_ocf.codes import BadArguments
from heartbeat_ra_ocf.environment import instance_of

if TYPE_CHECKING:
    from plugins_ra.ocf.tests.conftest import OccasionOf, Service


@pytest.mark.parametrize(
    ("code", "health"),
    [
        (0, Health.RUNNING),
        (7, Health.STOPPED),
        (8, Health.PROMOTED),
        (9, Health.FAILED),
        (190, Health.RUNNING),
        (191, Health.PROMOTED),
    ],
)
def test_a_monitor_s_exit_code_is_the_health(service: "Service", code: int, health: Health) -> None:
    assert service.agent(monitor=f"exit {code}").monitor() is health


@pytest.mark.parametrize("action", ["probe", "monitor"])
@pytest.mark.parametrize(
    ("code", "error"),
    [
        (1, PluginError),
        (2, PluginError),
        (3, PluginError),
        (4, AccessDenied),
        (5, NotInstalled),
        (6, PluginError),
        (102, PluginError),
        (127, PluginError),
    ],
)
def test_an_error_of_a_monitor_leaves_open_whether_it_runs_except_not_installed(
    service: "Service", occasion_of: "OccasionOf", action: str, code: int, error: type[PluginError]
) -> None:
    occasion_of(action)
    with pytest.raises(PluginError) as raised:
        service.agent(monitor=f"exit {code}").monitor()
    assert type(raised.value) is error


@pytest.mark.parametrize(
    ("code", "error", "ocf_code"),
    [
        (1, PluginError, 1),
        (2, BadArguments, 2),
        (3, Unsupported, 3),
        (4, AccessDenied, 4),
        (5, NotInstalled, 5),
        (6, BadConfig, 6),
        (7, PluginError, 1),
        (8, PluginError, 1),
        (102, PluginError, 1),
        (126, NotInstalled, 5),
        (127, NotInstalled, 5),
        (190, PluginError, 1),
    ],
)
@pytest.mark.parametrize("action", ["start", "promote", "demote"])
def test_an_exit_code_other_than_0_is_the_error_that_it_means(
    service: "Service", action: str, code: int, error: type[PluginError], ocf_code: int
) -> None:
    with pytest.raises(PluginError) as raised:
        getattr(service.agent(**{action: f"exit {code}"}), action)()
    assert type(raised.value) is error
    assert raised.value.ocf_code == ocf_code
    assert f"exit code {code}" in str(raised.value)


@pytest.mark.parametrize("code", [1, 2, 3, 4, 6, 8, 9, 102, 127])
def test_a_stop_that_ends_with_an_error_has_failed(service: "Service", code: int) -> None:
    with pytest.raises(PluginError) as raised:
        service.agent(stop=f"exit {code}").stop()
    assert type(raised.value) is PluginError, "a refusal would mean that nothing was tried"


def test_a_stop_of_what_does_not_run_is_a_good_end(service: "Service", capfd: pytest.CaptureFixture[str]) -> None:
    service.agent(stop="exit 7").stop()
    assert "taken for stopped" in capfd.readouterr().err


def test_a_stop_of_what_is_not_installed_needs_a_look_that_agrees(service: "Service") -> None:
    for code in (5, 7):
        service.agent(stop="exit 5", monitor=f"exit {code}").stop()
    for code in (0, 1, 6):
        with pytest.raises(PluginError, match="not installed"):
            service.agent(stop="exit 5", monitor=f"exit {code}").stop()
    assert service.environment("monitor")["OCF_RESKEY_CRM_meta_interval"] == "0"


def test_validate_passes_what_the_agent_passes_or_cannot_check(service: "Service") -> None:
    for code in (0, 3):
        service.agent(validate=f"exit {code}").validate()
    with pytest.raises(BadArguments):
        service.agent(validate="exit 2").validate()
    assert service.environment("validate-all")["OCF_CHECK_LEVEL"] == "10"


def test_a_degraded_service_runs_and_is_remarked_on(service: "Service", capfd: pytest.CaptureFixture[str]) -> None:
    service.agent(monitor="exit 190").monitor()
    assert "running, degraded" in capfd.readouterr().err


def test_the_last_reason_that_the_agent_gave_is_the_error(service: "Service") -> None:
    start = "for why in first 'no such disk'; do echo ocf-exit-reason:$why >&2; done; echo noise >&2; exit 1"
    with pytest.raises(PluginError) as raised:
        service.agent(start=start).start()
    assert str(raised.value) == "ocf:hbtest:service start: no such disk (exit code 1, generic error)"


def test_without_a_reason_its_last_words_are(service: "Service") -> None:
    with pytest.raises(PluginError, match=r"start: noise \(exit code 102, which OCF does not know\)"):
        service.agent(start="echo noise >&2; exit 102").start()


def test_time_and_level_of_a_log_line_are_not_part_of_the_reason(service: "Service") -> None:
    with pytest.raises(PluginError, match=r"start: no disk in /dev \(exit code 1"):
        service.agent(start="echo 'Nov  5 02:56:30 ERROR: no disk in /dev' >&2; exit 1").start()


def test_an_agent_that_a_signal_ended_says_which(service: "Service") -> None:
    with pytest.raises(PluginError, match=r"no reason given \(ended by signal 9\)"):
        service.agent(start="kill -9 $$").start()


def test_the_action_is_the_only_argument(service: "Service") -> None:
    service.agent().monitor()
    assert service.calls() == ["1:monitor"]


def test_parameters_reach_the_agent_as_they_are(service: "Service") -> None:
    odd = "blanks  'quotes' \"more\" $HOME `x` \\ é"
    service.agent(odd=odd).monitor()
    assert service.environment("monitor")["OCF_RESKEY_odd"] == odd


def test_the_environment_is_the_standard_s_and_nothing_leaks_in(
    service: "Service", monkeypatch: pytest.MonkeyPatch, occasion_of: "OccasionOf"
) -> None:
    occasion_of("start", "web", left_s=30.0)
    monkeypatch.setenv("OCF_RESKEY_ip", "another resource's")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    service.agent().start()
    found = service.environment("start")
    assert {name: found.get(name) for name in ("OCF_ROOT", "OCF_RESOURCE_INSTANCE", "OCF_RESOURCE_TYPE")} == {
        "OCF_ROOT": str(service.root),
        "OCF_RESOURCE_INSTANCE": "web",
        "OCF_RESOURCE_TYPE": "service",
    }
    assert found["OCF_RESOURCE_PROVIDER"] == "hbtest"
    assert (found["OCF_RA_VERSION_MAJOR"], found["OCF_RA_VERSION_MINOR"]) == ("1", "1")
    assert found["HA_RSCTMP"] == "/run/resource-agents"
    assert Path("/run/resource-agents").is_dir()
    assert found["OCF_RESKEY_CRM_meta_name"] == "start"
    assert 0 < int(found["OCF_RESKEY_CRM_meta_timeout"]) <= 30_000
    assert found["OCF_RESKEY_CRM_meta_on_node"] == os.uname().nodename
    assert (found["LANG"], found["PWD"]) == ("C", "/")
    assert "sbin" in found["PATH"]
    assert "OCF_RESKEY_ip" not in found
    assert "OCF_RESKEY_ocf_type" not in found
    assert "OCF_RESKEY_CRM_meta_interval" not in found


def test_a_probe_has_interval_0_and_a_monitor_has_not(service: "Service", occasion_of: "OccasionOf") -> None:
    occasion_of("probe")
    service.agent().monitor()
    assert service.environment("monitor")["OCF_RESKEY_CRM_meta_interval"] == "0"
    occasion_of("monitor")
    service.agent().monitor()
    assert int(service.environment("monitor")["OCF_RESKEY_CRM_meta_interval"]) > 0
    assert service.environment("monitor")["OCF_CHECK_LEVEL"] == "0"


def test_an_instance_is_a_file_name_and_differs_for_different_resources() -> None:
    assert instance_of("web") == "web"
    one, other = (instance_of(f"ocf:heartbeat:Dummy::state=/run/{name}/x") for name in ("a/b", "a_b"))
    assert one != other
    assert not set(one) & set("/: ")
    assert instance_of("x" * 500 + "/") == instance_of("x" * 500 + "/")
    assert len(instance_of("x" * 500 + "/")) < 100


def test_an_agent_that_is_not_here_says_where_it_would_be(service: "Service") -> None:
    service.path.unlink()
    for action in (service.agent().start, service.agent().stop, service.agent().monitor, service.agent().validate):
        with pytest.raises(NotInstalled, match=r"no agent .*/hbtest/service .*; install the package"):
            action()


def test_a_word_that_is_no_type_is_refused(service: "Service") -> None:
    for word in ("Filesystem", "ocf:heartbeat", "ocf:heartbeat:.ocf-shellfuncs", "ocf:../x:y", "a:b:c"):
        with pytest.raises(BadConfig, match="expected ocf:PROVIDER:TYPE"):
            OcfAgent(Params({"ocf_type": word, "ocf_root": str(service.root)}))


def test_the_answer_does_not_wait_for_a_daemon_that_keeps_stdout(service: "Service") -> None:
    service.agent(start=f"yes & echo $! > {service.folder}/pid").start()
    before = _used_ticks(service.pid)
    until_s = time.monotonic() + 10
    while _used_ticks(service.pid) == before:
        assert time.monotonic() < until_s, "it does not get on: nobody reads what it writes"
    assert service.is_active()
    service.agent().stop()


def _used_ticks(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().split()[13])


def test_what_an_agent_prints_is_passed_on(service: "Service", capfd: pytest.CaptureFixture[str]) -> None:
    service.agent(monitor="echo on stdout; echo on stderr >&2").monitor()
    assert capfd.readouterr() == ("on stdout\n", "on stderr\n")


def test_time_limits_are_the_agent_s_advice_and_ours_for_the_rest(service: "Service") -> None:
    params = service.agent().settings
    assert OcfAgent.timeouts_s(params) == {"start": 90.0, "stop": 60.0, "monitor": 0.5}
    service.path.unlink()
    assert OcfAgent.timeouts_s(params) == {"start": 60.0, "stop": 60.0, "monitor": 20.0}


@pytest.mark.usefixtures("debians")
def test_the_steps_of_a_shell_agent_lie_in_a_file_and_its_reason_is_not_lost(
    service: "Service", occasion_of: "OccasionOf", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HB_TRACE_FOLDER", str(service.folder / "trace"))
    occasion_of("monitor", "dummy", trace=True)
    params = {"ocf_type": "ocf:heartbeat:Dummy", "ocf_root": "/usr/lib/ocf"}
    agent = OcfAgent(Params(params, {"state": str(service.folder / "state")}))
    assert agent.monitor() is Health.STOPPED
    (file,) = (service.folder / "trace").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert "dummy_monitor" in file.read_text()
    occasion_of("validate-all", "dummy", trace=True)
    with pytest.raises(BadArguments, match="is not writable"):
        OcfAgent(Params(params, {"state": "/proc/nowhere/state"})).validate()


@pytest.mark.usefixtures("debians")
def test_an_agent_of_no_shell_runs_untraced_and_says_so(
    service: "Service",
    occasion_of: "OccasionOf",
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HB_TRACE_FOLDER", str(service.folder / "trace"))
    occasion_of("monitor", "dummy", trace=True)
    params = {"ocf_type": "ocf:heartbeat:dummypy", "ocf_root": "/usr/lib/ocf"}
    assert OcfAgent(Params(params, {"state": str(service.folder / "state")})).monitor() is Health.STOPPED
    assert "is no shell script" in capfd.readouterr().err
    assert not (service.folder / "trace").exists()


@pytest.mark.parametrize(
    ("name", "given", "claims"),
    [
        ("IPaddr2", {"ip": "10.0.0.1"}, [Claim("address", "10.0.0.1")]),
        ("IPv6addr", {"ipv6addr": "FD00::0:1/64"}, [Claim("address", "fd00::1")]),
        ("IPaddr2", {"ip": "nonsense"}, []),
        (
            "Filesystem",
            {"device": "/dev/sdb1", "directory": "/data/"},
            [Claim("device", "/dev/sdb1"), Claim("mount", "/data")],
        ),
        ("Filesystem", {"device": "tmpfs", "directory": "/tmp/x"}, [Claim("mount", "/tmp/x")]),
        ("Filesystem", {}, []),
        ("apache", {"configfile": "/etc/apache2/apache2.conf"}, []),
    ],
)
def test_addresses_devices_and_mounts_are_claimed(name: str, given: dict[str, str], claims: list[Claim]) -> None:
    params = Params({"ocf_type": f"ocf:heartbeat:{name}", "ocf_root": "/usr/lib/ocf"}, given)
    assert list(OcfAgent.claims(params)) == claims


def test_the_driver_can_be_named_by_itself() -> None:
    assert OcfAgent.from_words(["heartbeat:Dummy", "state=/x"]) == {"ocf_type": "heartbeat:Dummy", "state": "/x"}
    for words in ([], ["heartbeat:Dummy", "/x"]):
        with pytest.raises(ValueError, match="expected"):
            OcfAgent.from_words(words)
