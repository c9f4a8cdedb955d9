"""The ssh device against a real sshd on loopback: conformance, and what it must never take for success."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.plugin import AccessDenied, BadConfig, Power, ResetFailed, TimedOut, Unreachable, Unsupported
from heartbeat.testing.contract import checked
from heartbeat.testing.device import Fault
from heartbeat.testing.stonith import StonithConformance
from heartbeat_stonith_ssh import Ssh
from heartbeat_stonith_ssh.login import off_command
from heartbeat_stonith_ssh.simulator import DELAY_S, HOSTS, SshHosts

VICTIM, OTHER = HOSTS


class TestSsh(StonithConformance):
    plugin = Ssh
    simulator = SshHosts
    orders = (Power.OFF,)
    readme = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def hosts() -> Iterator[SshHosts]:
    with contextlib.closing(SshHosts()) as made:
        yield made


def ssh(hosts: SshHosts, **changes: str) -> Ssh:
    """Return the device for the simulated hosts; an empty change leaves a parameter out."""
    raw = {name: value for name, value in (hosts.params() | changes).items() if value}
    return Ssh(checked(Ssh, raw))


def wait_until_off(hosts: SshHosts, host: str) -> None:
    deadline_s = time.monotonic() + 10
    while hosts.is_on(host):
        assert time.monotonic() < deadline_s, f"{host} is still on"
        time.sleep(0.005)


def test_root_is_told_and_the_call_returns_before_the_host_is_gone(hosts: SshHosts) -> None:
    ssh(hosts, delay="1").switch(VICTIM, Power.OFF)
    assert hosts.is_on(VICTIM)
    assert hosts.orders == [("root", VICTIM, off_command(1.0, "poweroff -n -f -f"))]


def test_the_order_outlives_the_connection(hosts: SshHosts) -> None:
    ssh(hosts).switch(VICTIM, Power.OFF)
    wait_until_off(hosts, VICTIM)
    assert hosts.is_on(OTHER)


def test_a_host_that_cannot_be_reached_is_an_error_and_not_a_dead_node(hosts: SshHosts) -> None:
    hosts.misbehave(Fault.UNREACHABLE)
    with pytest.raises(Unreachable, match=f"{VICTIM} port {hosts.port} cannot be reached"):
        ssh(hosts).switch(VICTIM, Power.OFF)
    assert ssh(hosts).power(VICTIM) is Power.UNKNOWN


def test_a_host_that_answers_nothing_is_given_up_at_the_limit_with_nothing_asked(hosts: SshHosts) -> None:
    hosts.misbehave(Fault.SILENT)
    with pytest.raises(Unreachable, match=r"within 0\.2 s"):
        ssh(hosts, timeout="0.2").switch(VICTIM, Power.OFF)
    assert not hosts.orders


def test_an_order_without_an_answer_is_unknown_and_not_failed(hosts: SshHosts) -> None:
    hosts.hangs = True
    with pytest.raises(TimedOut, match=f"{VICTIM} took the order and did not answer within 1 s"):
        ssh(hosts, timeout="1").switch(VICTIM, Power.OFF)


def test_a_refused_order_tells_what_the_host_said(hosts: SshHosts) -> None:
    hosts.misbehave(Fault.DENIES)
    with pytest.raises(ResetFailed, match="exit status 1: poweroff: must be superuser"):
        ssh(hosts).switch(VICTIM, Power.OFF)


def test_an_unknown_host_key_is_refused_and_nothing_is_ordered(hosts: SshHosts) -> None:
    (hosts.folder / "known_hosts").write_text("")
    with pytest.raises(AccessDenied, match=r"host key of 127\.0\.0\.1 is not known.*ssh-keyscan"):
        ssh(hosts).switch(VICTIM, Power.OFF)
    assert not hosts.orders


def test_a_host_with_another_key_than_the_known_one_is_refused(hosts: SshHosts) -> None:
    stranger = (hosts.folder / "authorized").read_text()
    (hosts.folder / "known_hosts").write_text(f"[{VICTIM}]:{hosts.port} {stranger}")
    with pytest.raises(AccessDenied):
        ssh(hosts).switch(VICTIM, Power.OFF)
    assert not hosts.orders


def test_the_host_key_is_not_checked_only_when_told_so(hosts: SshHosts) -> None:
    (hosts.folder / "known_hosts").write_text("")
    ssh(hosts, check_host_key="no").switch(VICTIM, Power.OFF)
    wait_until_off(hosts, VICTIM)


def test_no_file_of_known_hosts_means_that_no_host_is_known(
    hosts: SshHosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(AccessDenied):
        ssh(hosts, known_hosts="").switch(VICTIM, Power.OFF)
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "known_hosts").write_text((hosts.folder / "known_hosts").read_text())
    ssh(hosts, known_hosts="").switch(VICTIM, Power.OFF)
    wait_until_off(hosts, VICTIM)


def test_another_key_of_ours_does_not_get_in(hosts: SshHosts) -> None:
    with pytest.raises(AccessDenied, match="does not let root log in: check `user` and `identity_file`"):
        ssh(hosts, identity_file=str(hosts.folder / "stranger")).switch(VICTIM, Power.OFF)


@pytest.mark.parametrize("name", ["identity_file", "known_hosts"])
def test_a_file_that_is_not_there_is_named(hosts: SshHosts, name: str) -> None:
    with pytest.raises(BadConfig, match="/nowhere/at/all"):
        ssh(hosts, **{name: "/nowhere/at/all"}).switch(VICTIM, Power.OFF)


def test_a_file_without_a_key_in_it_is_named(hosts: SshHosts) -> None:
    (hosts.folder / "client").write_text("no key\n")
    with pytest.raises(BadConfig, match="client"):
        ssh(hosts).switch(VICTIM, Power.OFF)


def test_switching_on_is_not_possible_and_said_so(hosts: SshHosts) -> None:
    with pytest.raises(Unsupported, match=f"cannot switch {VICTIM} on"):
        ssh(hosts).switch(VICTIM, Power.ON)


def test_status_is_good_when_one_of_the_hosts_lets_us_in(hosts: SshHosts) -> None:
    ssh(hosts, hostlist=f"127.0.0.3 {OTHER}").status()
    assert [host for _, host, _ in hosts.orders] == [OTHER]
    with pytest.raises(Unreachable):
        ssh(hosts, hostlist="127.0.0.3").status()


def test_a_command_with_quotes_reaches_the_shell_whole() -> None:
    line = off_command(2.0, "echo 'it is off' | wall; poweroff -f")
    assert line.startswith("nohup sh -c ")
    assert "sleep 2; echo" in line


def test_the_defaults_of_the_old_one_line_form_are_enough() -> None:
    settings = checked(Ssh, {"hostlist": "node1 node2"})
    assert Ssh.configured_hosts(settings) == ("node1", "node2")
    assert (settings.text("user"), settings.flag("check_host_key")) == ("root", True)
    assert DELAY_S < settings.number("delay") < settings.number("timeout") <= Ssh.worst_off_s
