"""What must not be forgotten: durable when the call returns, and a disk that is full says so and loses nothing old."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.daemon.state import StateStore


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 256 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:
        pytest.skip("mounting a filesystem is not permitted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_every_life_has_a_number_of_its_own_whatever_happened_to_the_one_before(tmp_path: Path) -> None:
    for life in (1, 2, 3):
        pid = os.fork()
        if not pid:
            os._exit(StateStore(tmp_path / "state.db").begin_life())  # no close, no flush: it died
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == life
    store = StateStore(tmp_path / "state.db")
    assert store.begin_life() == 4
    store.close()


def test_a_node_that_lost_its_state_goes_on_behind_what_its_peers_remember(tmp_path: Path) -> None:
    store = StateStore(tmp_path / "state.db")
    assert store.begin_life() == 1
    store.put([("incarnation", b"41")])
    assert store.begin_life() == 42
    assert store.begin_life() == 43
    store.close()


def test_what_was_put_is_there_for_the_next_life(tmp_path: Path) -> None:
    store = StateStore(tmp_path / "state.db")
    store.put([("epoch", b"64"), ("credit", b"\0")])
    store.put([("epoch", b"128")])
    store.close()
    again = StateStore(tmp_path / "state.db")
    assert again.stored() == {"credit": b"\0", "epoch": b"128"}
    again.close()


def test_a_full_disk_is_an_error_and_leaves_what_was_there(small_disk: Path) -> None:
    store = StateStore(small_disk / "state.db")
    store.put([("epoch", b"64")])
    with pytest.raises(sqlite3.OperationalError, match="full"):
        store.put([("epoch", b"128"), ("big", bytes(1024 * 1024))])
    assert store.stored() == {"epoch": b"64"}, "both or none"
    store.put([("epoch", b"192")])
    assert store.stored() == {"epoch": b"192"}, "and it goes on when there is room"
    store.close()


def test_a_place_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"x" * 4096)
    with pytest.raises(sqlite3.DatabaseError):
        StateStore(tmp_path / "state.db")
