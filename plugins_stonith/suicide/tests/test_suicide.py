"""The machine that ends itself: conformance with a command that ends nothing, and what it refuses."""

import os
import shutil
import time
from pathlib import Path

import pytest
from heartbeat.plugin import BadHost, Power, Unsupported
from heartbeat.testing.contract import checked
from heartbeat.testing.namespace import namespaces
from heartbeat.testing.stonith import StonithContract
from heartbeat_stonith_suicide import Suicide

ME = os.uname().nodename
HARMLESS = {"command": "true", "delay": "0"}


def _sees_the_machine() -> bool:
    try:
        return Path("/proc/1/ns/net").stat().st_ino > 0
    except OSError:
        return False


class TestSuicide(StonithContract):
    plugin = Suicide
    hosts_min = 1
    readme = Path(__file__).parents[1] / "README.md"

    def given(self) -> dict[str, str]:
        return HARMLESS


def suicide(command: str, delay: str = "0") -> Suicide:
    return Suicide(checked(Suicide, {"command": command, "delay": delay}))


def test_the_command_runs_a_moment_later_and_outlives_who_ordered_it(tmp_path: Path) -> None:
    done = tmp_path / "done"
    began_s = time.monotonic()
    suicide(f"ps -o sid= -p $$ > {done}.part; mv {done}.part {done}", delay="300ms").switch(ME.upper(), Power.OFF)
    assert not done.exists()
    while not done.exists():
        assert time.monotonic() < began_s + 10
        time.sleep(0.005)
    assert time.monotonic() - began_s >= 0.3
    assert int(done.read_text()) != os.getsid(0), "it would be ended with the operation"


def test_no_other_machine_is_meant_and_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(BadHost):
        suicide(f"touch {tmp_path / 'done'}").switch(f"{ME}0", Power.OFF)
    with pytest.raises(Unsupported, match="cannot switch"):
        suicide(f"touch {tmp_path / 'done'}").switch(ME, Power.ON)
    time.sleep(0.1)
    assert not (tmp_path / "done").exists()


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("ip") is None, reason="namespaces need root and ip")
@pytest.mark.skipif(not _sees_the_machine(), reason="the first process's namespace may not be seen here")
def test_from_within_a_network_namespace_the_machine_is_not_taken_along(tmp_path: Path) -> None:
    with namespaces(1) as (host,), host.entered():
        device = suicide(f"touch {tmp_path / 'done'}")
        with pytest.raises(Unsupported, match="would end its whole machine"):
            device.switch(ME, Power.OFF)
        with pytest.raises(Unsupported):
            device.status()
    assert not (tmp_path / "done").exists()


def test_it_covers_nobody_and_is_marked_as_what_it_is() -> None:
    assert Suicide.itself_only
    assert Suicide.test_only
    assert not Suicide.can_read_power
