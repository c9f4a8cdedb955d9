"""What several rooms' tests need: a daemon's end of the local API, a cluster's status, and a folder of plugins."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from heartbeat.model.rehearsal import Rehearsed
from heartbeat.model.status import ClusterStatus, DeviceStatus, GroupStatus, LinkStatus, NodeStatus, ResourceStatus
from heartbeat.wire import api
from heartbeat.wire.local import Unpacker, pack

from core.tests.plugin_site import PluginSite

HANG_UP = b""
"""As an answer: close the connection."""


class FakeDaemon:
    """Speaks the local API from a thread. Each kind of request has its answers; bytes are sent as they are."""

    def __init__(self, run_dir: Path) -> None:
        self.path = run_dir / "api.sock"
        self.asked: list[api.Request] = []
        self.answers: dict[type[api.Request], list[api.Answer | bytes]] = {}
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        self._listener.listen()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._spawn(self._accept)

    def will(self, request: type[api.Request], *answers: api.Answer | bytes) -> None:
        """Answer this kind of request with these, in order."""
        self.answers[request] = list(answers)

    def push(self, answer: api.Answer) -> None:
        """Send this to everybody who is connected, as to watchers when something changed."""
        for one in self._open:
            with contextlib.suppress(OSError):  # it hung up
                one.sendall(pack(msgspec.msgpack.encode(answer)))

    def close(self) -> None:
        """Close everything and wait for the threads."""
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):  # it hung up first
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    def _spawn(self, target: Callable[..., None], *args: socket.socket) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        unpacker = Unpacker()
        decode = msgspec.msgpack.Decoder(api.Request).decode
        try:
            while chunk := connection.recv(65536):
                for request in map(decode, unpacker.feed(chunk)):
                    self.asked.append(request)
                    for answer in self.answers.get(type(request), []):
                        if answer == HANG_UP:
                            connection.close()
                            return
                        connection.sendall(
                            answer if isinstance(answer, bytes) else pack(msgspec.msgpack.encode(answer))
                        )
        except OSError:  # the client, or close(), hung up
            return


@pytest.fixture
def fake_daemon(tmp_path: Path) -> Iterator[FakeDaemon]:
    """A daemon's API socket, ``api.sock`` in ``tmp_path``."""
    daemon = FakeDaemon(tmp_path)
    yield daemon
    daemon.close()


@pytest.fixture
def plugin_site(tmp_path: Path) -> PluginSite:
    """An empty folder for distributions that announce plugins."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    return PluginSite(folder)


@pytest.fixture
def good_status() -> ClusterStatus:
    """Two nodes, all well: 10.0.0.1 runs on node1."""
    resources = (ResourceStatus("10.0.0.1", "IPaddr2", "running", shares_data=False),)
    links = (LinkStatus("bcast/eth1", "up", 3600.0, 18000, 2), LinkStatus("ucast/eth2", "up", 3600.0, 18000, 0))
    why = "its view 3.0 was installed"
    return ClusterStatus(
        cluster="linux-ha",
        node="node1",
        state="member",
        standing="primary",
        view="3.0",
        coordinator="node1",
        why="both nodes are members",
        nodes=(
            NodeStatus("node1", 0, True, "member", 3600.0, why, 7, None),
            NodeStatus("node2", 1, False, "member", 250.0, why, 4, 0.12, links=links),
        ),
        groups=(GroupStatus("10.0.0.1", "node1", "running", "node1", 12.5, "node1 is home", "proof", resources),),
        devices=(DeviceStatus("ipmilan #1", "node1", ("node2",), "good", 600.0),),
        rehearsals=(
            Rehearsed("node2", "2026-03-01 02:10 +0000", "ana", "node1", "ipmilan #1", True, "read back, and silent"),
        ),
    )
