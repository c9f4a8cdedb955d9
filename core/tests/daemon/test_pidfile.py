"""One instance for each run directory, whatever an earlier one left."""

import os
import signal
from pathlib import Path

import pytest
from heartbeat.daemon.leftovers import clear_leftovers
from heartbeat.daemon.pidfile import AlreadyRunning, PidFile
from heartbeat.executor.link import listen
from heartbeat.model.places import Places


def test_the_file_says_who_runs_and_goes_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat.pid"
    lock = PidFile(path)
    assert path.read_text() == f"{os.getpid():10d}\n"
    assert lock.stale == ""
    lock.remove()
    assert not path.exists()


def test_a_second_instance_is_told_of_the_first_and_of_the_ways_out(tmp_path: Path) -> None:
    lock = PidFile(tmp_path / "heartbeat.pid")
    with pytest.raises(AlreadyRunning, match=f"pid {os.getpid()} .*hb stop.*--run-dir"):
        PidFile(tmp_path / "heartbeat.pid")
    lock.remove()
    PidFile(tmp_path / "heartbeat.pid").remove()


def test_the_lock_of_one_that_was_killed_is_taken_over_and_named(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat.pid"
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        PidFile(path)
        os.write(writer, b"locked")
        signal.pause()
    os.read(reader, 6)
    with pytest.raises(AlreadyRunning, match=f"pid {pid} "):
        PidFile(path)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(reader)
    os.close(writer)
    lock = PidFile(path)
    assert lock.stale == str(pid)
    lock.remove()


def test_a_number_that_another_process_has_by_now_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat.pid"
    path.write_text("         1\n")
    lock = PidFile(path)
    assert (lock.stale, path.read_text().strip()) == ("1", str(os.getpid()))
    lock.remove()


def test_nobody_locks_a_file_that_is_no_longer_there(tmp_path: Path) -> None:
    """Its holder removes it and lets go between another's open and lock; two must not run then."""
    path = tmp_path / "heartbeat.pid"
    for _ in range(20):
        leaving = PidFile(path)
        pid = os.fork()
        if not pid:
            os._exit(_try_until_locked(path))
        leaving.remove()
        assert os.waitpid(pid, 0)[1] == 0, "it holds the file at the path, and a third is refused"


def _try_until_locked(path: Path) -> int:
    while True:
        try:
            lock = PidFile(path)
        except AlreadyRunning:
            continue
        try:
            PidFile(path)
        except AlreadyRunning:
            lock.remove()
            return 0
        return 1


def test_stale_sockets_go_and_each_is_said(tmp_path: Path) -> None:
    places = Places(run=tmp_path)
    for path in (places.executor_socket, places.api_socket):
        listen(path).close()
    said: list[str] = []
    clear_leftovers(places, said.append)
    assert not list(tmp_path.iterdir())
    assert [line.split(" ", 1)[0] for line in said] == [str(places.executor_socket), str(places.api_socket)]


def test_what_is_no_socket_is_not_ours_to_remove(tmp_path: Path) -> None:
    places = Places(run=tmp_path)
    places.api_socket.write_text("somebody's notes")
    clear_leftovers(places, pytest.fail)
    assert places.api_socket.read_text() == "somebody's notes"
