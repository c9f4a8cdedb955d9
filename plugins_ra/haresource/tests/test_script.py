"""The script runner with a real script and a real service, and everything that scripts do wrong."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from heartbeat.plugin import Claim, Health, NotInstalled, Occasion, Params, PluginError, parse_params
from heartbeat_ra_haresource import Script
from heartbeat_ra_haresource.environment import environment_of

if TYPE_CHECKING:
    from plugins_ra.haresource.tests.conftest import Service


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operation whose deadline is 2.5 s away, as the executor announces it."""
    environment: dict[str, str] = {}
    Occasion("service", "stop", time.monotonic() + 2.5).announce(environment)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """An operation that somebody wants to see; the folder in which its steps will lie."""
    environment = {"HB_TRACE_FOLDER": str(tmp_path / "trace")}
    Occasion("service::1/2", "start", time.monotonic() + 60, trace=True).announce(environment)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return iter([tmp_path / "trace"])


def test_arguments_stand_before_the_action(service: "Service") -> None:
    service.agent("80 /srv/www").monitor()
    assert service.calls() == ["80 /srv/www status"]


def test_a_service_that_runs_is_not_started_again(service: "Service") -> None:
    service.agent().start()
    first = service.pid
    service.agent().start()
    assert service.pid == first
    assert service.calls() == ["status", "start", "status", "status"]


def test_a_prepared_start_does_not_ask_for_the_status_twice(service: "Service") -> None:
    agent = service.agent()
    agent.prepare_start()
    agent.start()
    assert service.calls() == ["status", "start", "status"]
    assert service.is_active()


def test_a_start_that_fails_tells_exit_status_and_last_words(service: "Service") -> None:
    service.write(start="echo no such disk; exit 5")
    with pytest.raises(
        PluginError, match=r"service start failed: exit status 5 \(its program is not installed\)"
    ) as it:
        service.agent().start()
    assert str(it.value).endswith("its last words: no such disk")


def test_a_start_that_ended_by_a_signal_says_which(service: "Service") -> None:
    service.write(start="kill -11 $$")
    with pytest.raises(PluginError, match="ended by signal 11"):
        service.agent().start()


def test_an_exit_status_that_nobody_knows_is_a_failure_all_the_same(service: "Service") -> None:
    service.write(start="exit 102")
    with pytest.raises(PluginError, match=r"failed: exit status 102$"):
        service.agent().start()


def test_a_start_that_returns_too_early_is_waited_for(service: "Service") -> None:
    late = service.folder / "late"
    service.write(start=f"(sleep 0.3; touch {late}) &", status=f"[ -e {late} ] || {{ echo stopped; exit 0; }}")
    service.agent().start()
    assert late.exists()
    assert service.agent().monitor() is Health.RUNNING


@pytest.mark.usefixtures("hurry")
def test_a_start_that_only_says_that_it_succeeded_has_failed(service: "Service") -> None:
    service.write(start="echo started; exit 0")
    with pytest.raises(PluginError, match="its status does not say running: service is not running"):
        service.agent().start()


def test_a_script_without_a_status_is_believed_when_it_starts(service: "Service") -> None:
    service.write(status="exit 0")
    service.agent().start()
    assert service.is_active()
    service.agent().stop()
    assert not service.is_active()


def test_a_stop_that_failed_counts_when_the_status_says_stopped(
    service: "Service", capfd: pytest.CaptureFixture[str]
) -> None:
    service.write(stop="echo not running; exit 7")
    service.agent().stop()
    assert "its status says that it is stopped" in capfd.readouterr().err


@pytest.mark.usefixtures("hurry")
def test_a_stop_that_failed_does_not_count_when_the_status_says_nothing(service: "Service") -> None:
    service.write(stop="exit 1", status="exit 0")
    with pytest.raises(PluginError, match="stop failed: exit status 1"):
        service.agent().stop()
    assert service.calls().count("stop") > 1


@pytest.mark.usefixtures("hurry")
def test_a_stop_that_lies_has_failed(service: "Service") -> None:
    service.agent().start()
    service.write(stop="echo stopped OK; exit 0")
    with pytest.raises(PluginError, match="said that it succeeded, but its status still says running"):
        service.agent().stop()
    assert service.is_active()


def test_a_stop_that_needs_two_tries_gets_them(service: "Service") -> None:
    service.agent().start()
    once = service.folder / "once"
    service.write(stop=f"[ -e {once} ] || {{ touch {once}; exit 1; }}")
    service.agent().stop()
    assert not service.is_active()


def test_a_script_that_is_missing_can_be_neither_started_nor_called_stopped(service: "Service") -> None:
    service.path.unlink()
    for action in (service.agent().start, service.agent().stop, service.agent().monitor):
        with pytest.raises(NotInstalled, match=r"there is no script .*service; copy it to every node"):
            action()


def test_a_script_whose_interpreter_is_missing_says_so(service: "Service") -> None:
    service.path.write_text("#!/opt/nowhere/perl\n")
    with pytest.raises(NotInstalled, match="cannot be executed: No such file or directory"):
        service.agent().monitor()


def test_a_file_that_may_not_be_executed_names_the_mend(service: "Service") -> None:
    service.path.chmod(0o644)
    with pytest.raises(NotInstalled, match="chmod 755"):
        service.agent().validate()


def test_the_answer_does_not_wait_for_a_daemon_that_keeps_stdout(service: "Service") -> None:
    """And the daemon can go on writing there, as much as it likes."""
    service.write(start=f"yes & echo $! > {service.folder}/pid; exit 0", status="")
    service.agent().start()
    assert service.is_active()
    (tick,) = (int(line.split()[13]) for line in [Path(f"/proc/{service.pid}/stat").read_text()])
    until_s = time.monotonic() + 10
    while int(Path(f"/proc/{service.pid}/stat").read_text().split()[13]) == tick and service.is_active():
        assert time.monotonic() < until_s, "it does not get on: nobody reads what it writes"
    assert service.is_active()
    service.agent().stop()


def test_a_script_that_prints_without_end_is_not_kept_in_memory(service: "Service") -> None:
    service.write(status="head -c 20000000 /dev/zero | tr '\\0' x; echo; echo running; exit 0")
    read, write = os.pipe()
    drain = subprocess.Popen(["wc", "-c"], stdin=read, stdout=subprocess.PIPE, text=True)
    os.close(read)
    saved = os.dup(1)
    try:
        os.dup2(write, 1)
        assert service.agent().monitor() is Health.RUNNING
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(write)
    assert int(drain.communicate()[0]) > 20_000_000


def test_what_a_script_prints_is_passed_on(service: "Service", capfd: pytest.CaptureFixture[str]) -> None:
    service.write(status="echo for the log >&2")
    service.agent().monitor()
    assert capfd.readouterr() == ("service is not running\n", "for the log\n")


def test_a_script_finds_what_heartbeat_3_gave_it_and_nothing_of_ours(
    service: "Service", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCF_RESKEY_ip", "10.0.0.1")
    monkeypatch.setenv("HA_site", "north")
    service.write(status=f"env > {service.folder}/env; pwd >> {service.folder}/env")
    service.agent().monitor()
    found = (service.folder / "env").read_text().splitlines()
    assert f"HA_RESOURCEDIR={service.path.parent}" in found
    assert f"HA_CF={service.folder}/ha.cf" in found
    assert "HA_site=north" in found
    assert found[-1] == "/"
    assert not [line for line in found if line.startswith("OCF_RESKEY")]


def test_an_init_script_gets_the_configuration_of_this_node() -> None:
    environment = environment_of(Path("/etc/init.d/apache2"), {"HB_CONFIG": "/n1/etc", "SHELL": "/bin/zsh"})
    assert environment["HA_FUNCS"] == "/n1/etc/shellfuncs"
    assert environment["HB_CONFIG"] == "/n1/etc"
    assert "SHELL" not in environment


def test_an_init_script_that_died_is_failed_until_it_is_stopped(init_service: "Service") -> None:
    init_service.agent().start()
    init_service.kill()
    init_service.write(stopped_code=1)
    assert init_service.agent().monitor() is Health.FAILED
    init_service.agent().stop()
    init_service.write(stopped_code=3)
    assert init_service.agent().monitor() is Health.STOPPED


def test_the_convention_can_be_said_instead_of_read_from_the_folder(service: "Service") -> None:
    raw = {"script": str(service.path), "convention": "init.d"}
    service.write(stopped_code=4)
    assert service.agent().monitor() is Health.STOPPED
    with pytest.raises(PluginError, match="ended with 4"):
        Script(parse_params(Script.params, raw)[0]).monitor()


def test_the_steps_of_a_shell_script_lie_in_a_file(service: "Service", traced: Iterator[Path]) -> None:
    service.agent("80").start()
    files = sorted(next(traced).iterdir())
    steps = "".join(file.read_text() for file in files)
    assert files[0].name.startswith("service_1_2.start.")
    assert files[0].stat().st_mode & 0o077 == 0
    assert f"# {service.path} 80 start" in steps
    assert f"+ read -r pid\n+ [ -r /proc/{service.pid}/stat ]" in steps
    assert "# exit status 0" in steps


def test_a_script_of_no_shell_runs_untraced_and_says_so(
    service: "Service", traced: Iterator[Path], capfd: pytest.CaptureFixture[str]
) -> None:
    service.path.write_text("#!/usr/bin/env python3\nprint('running')\n")
    assert service.agent().monitor() is Health.RUNNING
    assert "is no shell script" in capfd.readouterr().err
    assert not next(traced).exists()


@pytest.mark.parametrize(
    ("name", "arguments", "claims"),
    [
        ("IPaddr2", "10.0.0.1/24/eth0", [Claim("address", "10.0.0.1")]),
        ("IPaddr2", "[FD00::0:1]/64", [Claim("address", "fd00::1")]),
        ("IPaddr", "nonsense", []),
        ("Filesystem", "/dev/sdb1 /data/ ext3", [Claim("device", "/dev/sdb1"), Claim("mount", "/data")]),
        ("LVM", "vg0", [Claim("volume group", "vg0")]),
        ("Raid1", "/etc/mdadm.conf /dev/md0", [Claim("device", "/dev/md0")]),
        ("drbddisk", "r0", [Claim("DRBD resource", "r0")]),
        ("Filesystem", "/dev/sdb1", []),
        ("billing", "/dev/sdb1 /data", []),
    ],
)
def test_known_scripts_claim_what_they_use(name: str, arguments: str, claims: list[Claim]) -> None:
    params = Params({"script": f"/etc/ha.d/resource.d/{name}", "arguments": arguments, "convention": None})
    assert list(Script.claims(params)) == claims


def test_the_driver_can_be_named_with_a_script_that_lies_anywhere() -> None:
    assert Script.from_words(["/opt/x", "a", "b"]) == {"script": "/opt/x", "arguments": "a b"}
    with pytest.raises(ValueError, match="expected SCRIPT"):
        Script.from_words([])
