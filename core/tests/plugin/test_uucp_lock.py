"""The lock of a serial port: kept from others, left by nobody, and not by the dead."""

import os
import subprocess
import threading
from pathlib import Path

import pytest
from heartbeat.plugin import Unreachable
from heartbeat.plugin.uucp_lock import uucp_lock


@pytest.fixture
def port(tmp_path: Path) -> str:
    (tmp_path / "ttyS0").touch()
    return str(tmp_path / "ttyS0")


def lock_of(port: str, locks: Path) -> Path:
    return locks / f"LCK..{port.replace('/', '_')}"


def test_it_holds_our_number_ten_wide_while_we_use_the_port(port: str, tmp_path: Path) -> None:
    with uucp_lock(port, 0, tmp_path):
        assert lock_of(port, tmp_path).read_text() == f"{os.getpid():>10}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["ttyS0"]


def test_a_port_of_dev_is_locked_under_its_short_name(tmp_path: Path) -> None:
    with uucp_lock("/dev/null", 0, tmp_path):
        assert (tmp_path / "LCK..null").exists()


def test_a_symlink_is_locked_as_the_port_that_it_means(tmp_path: Path) -> None:
    (tmp_path / "switch").symlink_to("/dev/null")
    with uucp_lock(str(tmp_path / "switch"), 0, tmp_path):
        assert (tmp_path / "LCK..null").exists()


def test_it_is_gone_after_an_error_as_well(port: str, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), uucp_lock(port, 0, tmp_path):
        raise RuntimeError
    assert not lock_of(port, tmp_path).exists()


def test_somebody_else_s_is_left_alone_and_named(port: str, tmp_path: Path) -> None:
    lock_of(port, tmp_path).write_text(f"{os.getppid():>10}\n")
    with (
        pytest.raises(Unreachable, match=f"in use: .* belongs to process {os.getppid()}"),
        uucp_lock(port, 0, tmp_path),
    ):
        pass
    assert lock_of(port, tmp_path).exists()


def test_one_that_cannot_be_read_counts_as_somebody_s(port: str, tmp_path: Path) -> None:
    lock_of(port, tmp_path).write_text("?")
    with pytest.raises(Unreachable, match="process unknown"), uucp_lock(port, 0, tmp_path):
        pass


def test_that_of_a_dead_process_is_stale(port: str, tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as dead:
        pass
    lock_of(port, tmp_path).write_text(f"{dead.pid:>10}\n")
    with uucp_lock(port, 0, tmp_path):
        assert lock_of(port, tmp_path).read_text() == f"{os.getpid():>10}\n"


def test_it_is_waited_for(port: str, tmp_path: Path) -> None:
    lock = lock_of(port, tmp_path)
    lock.write_text(f"{os.getppid():>10}\n")
    release = threading.Timer(0.1, lock.unlink)
    release.start()
    with uucp_lock(port, 30, tmp_path):
        release.join()
        assert lock.exists()


def test_no_place_for_locks_is_told(port: str, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="cannot be made: No such file"), uucp_lock(port, 0, tmp_path / "nowhere"):
        pass
