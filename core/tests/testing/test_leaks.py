"""What was left behind is found, and what is only on its way out is not."""

import os
import socket
import subprocess
import threading

import pytest
from heartbeat.testing.leaks import nobody_left_running, nothing_left_open

IMPATIENT_S = 0.05


def test_a_socket_that_stays_is_named() -> None:
    with pytest.raises(AssertionError, match=r"left open or running: .*socket"), nothing_left_open(IMPATIENT_S):
        left = socket.socket()
    left.close()


def test_a_thread_that_goes_on_is_named_and_one_that_ends_by_itself_is_not() -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait, name="of-the-test")
    with pytest.raises(AssertionError, match="of-the-test"), nothing_left_open(IMPATIENT_S):
        thread.start()
    over.set()
    thread.join()
    with nothing_left_open():
        threading.Thread(target=os.getpid).start()


def test_a_program_that_runs_on_is_named_and_one_that_ended_is_not() -> None:
    with pytest.raises(AssertionError, match=r"still running: [0-9]+ sleep 60"), nobody_left_running(IMPATIENT_S):
        service = subprocess.Popen(["sleep", "60"])
    with nobody_left_running():
        service.kill()
        service.wait()
        subprocess.run(["true"], check=True)


def test_what_ran_before_is_nobody_s_fault() -> None:
    service = subprocess.Popen(["sleep", "60"])
    with nobody_left_running(), nothing_left_open():
        assert service.poll() is None
    service.kill()
    service.wait()
