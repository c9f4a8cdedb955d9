"""The client against a real socket with the protocol on the other side."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from heartbeat.client import NoDaemon, Refused, connect
from heartbeat.model.status import ClusterStatus
from heartbeat.wire import api
from heartbeat.wire.local import MESSAGE_MAX, pack

if TYPE_CHECKING:
    from core.tests.conftest import FakeDaemon

HANG_UP = b""


def test_status_comes_back_as_it_was_sent(fake_daemon: "FakeDaemon", good_status: ClusterStatus) -> None:
    fake_daemon.will(api.GetStatus, api.Status(good_status))
    with connect(fake_daemon.path) as client:
        assert client.status() == good_status
        assert client.status() == good_status, "a connection carries any number of requests"


def test_watch_yields_each_change_until_the_daemon_ends(fake_daemon: "FakeDaemon", good_status: ClusterStatus) -> None:
    fake_daemon.will(api.Watch, api.Status(good_status), api.Status(good_status), HANG_UP)
    with connect(fake_daemon.path) as client:
        stream = client.watch()
        assert next(stream) == good_status
        assert next(stream) == good_status
        with pytest.raises(NoDaemon, match="hung up"):
            next(stream)


@pytest.mark.parametrize("which", ["all", "local", "foreign"])
def test_moves_say_which_and_relay_progress(fake_daemon: "FakeDaemon", which: str) -> None:
    done = api.Done(good=True, text="moved", moved=(api.Moved("10.0.0.1", "node1", "node2", 0.012),))
    fake_daemon.will(api.Standby, api.Progress("stopping"), api.Progress("starting"), done)
    fake_daemon.will(api.Takeover, done)
    heard: list[str] = []
    with connect(fake_daemon.path) as client:
        assert client.standby(which, heard.append, timeout_s=7) == done
        assert client.takeover(which) == done
    assert heard == ["stopping", "starting"]
    assert fake_daemon.asked == [api.Standby(which, 7), api.Takeover(which)]


def test_an_answer_of_no_is_an_answer(fake_daemon: "FakeDaemon") -> None:
    fake_daemon.will(api.Stop, api.Done(good=False, text="the stop of 10.0.0.1 failed"))
    with connect(fake_daemon.path) as client:
        assert not client.stop().good


def test_confirm_carries_the_id_of_the_request(fake_daemon: "FakeDaemon") -> None:
    waiting = api.OpenConfirmation(5, "node2", 3, 12.5, ("10.0.0.1",))
    fake_daemon.will(api.ConfirmRequests, api.Confirmations((waiting,)))
    fake_daemon.will(api.Confirm, api.Done(good=True, text="noted"))
    with connect(fake_daemon.path) as client:
        assert client.confirmations() == (waiting,)
        assert client.confirm("node2", 5).good
    assert fake_daemon.asked[-1] == api.Confirm("node2", 5)


def test_refused_is_an_error_of_its_own_and_leaves_the_connection_usable(
    fake_daemon: "FakeDaemon", good_status: ClusterStatus
) -> None:
    fake_daemon.will(api.Standby, api.Refused("uid 1000 may only look"))
    fake_daemon.will(api.GetStatus, api.Status(good_status))
    with connect(fake_daemon.path) as client:
        with pytest.raises(Refused, match="uid 1000 may only look"):
            client.standby()
        assert client.status() == good_status


def test_no_socket_names_the_place_the_cause_and_the_mend(tmp_path: Path) -> None:
    with pytest.raises(NoDaemon) as caught:
        connect(tmp_path / "api.sock")
    text = str(caught.value)
    assert str(tmp_path / "api.sock") in text
    assert "hb run" in text
    assert "HB_RUN_DIR" in text


def test_a_socket_left_by_a_dead_daemon_is_told_as_such(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(tmp_path / "api.sock"))
    with pytest.raises(NoDaemon, match="left over"):
        connect(tmp_path / "api.sock")


def test_a_path_longer_than_a_socket_address_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(NoDaemon, match="shorter directory"):
        connect(tmp_path / ("x" * 108))


def test_a_daemon_that_does_not_answer_is_given_up(fake_daemon: "FakeDaemon") -> None:
    with connect(fake_daemon.path, timeout_s=0.05) as client, pytest.raises(NoDaemon, match="does not answer in time"):
        client.status()


def test_a_daemon_that_hangs_up_is_told_as_such(fake_daemon: "FakeDaemon") -> None:
    fake_daemon.will(api.Stop, HANG_UP)
    with connect(fake_daemon.path) as client, pytest.raises(NoDaemon, match="hung up"):
        client.stop()


@pytest.mark.parametrize(
    "answer",
    [
        pack(b"\xc1"),
        pack(b"\x81\xa4type\xa7strange"),
        pack(b"\x82\xa4type\xa2is\xa1x" + b"\x91" * 100_000),
        (MESSAGE_MAX + 1).to_bytes(4, "big"),
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        api.Confirmations(()),
    ],
)
def test_another_protocol_is_no_daemon_of_ours(fake_daemon: "FakeDaemon", answer: api.Answer | bytes) -> None:
    fake_daemon.will(api.GetStatus, answer)
    with connect(fake_daemon.path) as client, pytest.raises(NoDaemon, match="another version"):
        client.status()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_somebody_without_permission_is_told_who_may_ask(fake_daemon: "FakeDaemon", tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    fake_daemon.path.chmod(0o600)
    os.seteuid(65534)
    try:
        with pytest.raises(NoDaemon, match="permission denied"):
            connect(fake_daemon.path)
    finally:
        os.seteuid(0)
