"""Who may change things: the kernel's word about the other end of a socket, and numbers."""

import os
import socket
from pathlib import Path

import pytest
from heartbeat.daemon.access import Access, Peer, peer_of

ROOT_AND_HACLIENT = Access(frozenset({0, 101}), frozenset({500}), "root, hacluster, members of haclient")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can connect as somebody else")


@pytest.mark.parametrize(
    ("peer", "may"),
    [
        (Peer(1, 0, (0,)), True),
        (Peer(1, 101, (7,)), True),
        (Peer(1, 1000, (1000, 500)), True),
        (Peer(1, 1000, (1000,)), False),
        (Peer(1, 500, (1000,)), False),
        (Peer(1, 1000, ()), False),
    ],
    ids=["root", "a named user", "a member of the group", "anybody", "a user with the group's number", "no group"],
)
def test_a_user_or_one_group_suffices(peer: Peer, *, may: bool) -> None:
    assert ROOT_AND_HACLIENT.allows(peer) is may


def test_the_kernel_says_who_connected() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        peer = peer_of(ours)
    assert (peer.pid, peer.uid) == (os.getpid(), os.geteuid())
    assert set(peer.gids) == {os.getegid(), *os.getgroups()}


@needs_root
@pytest.mark.parametrize("groups", [(), (500,), tuple(range(2000, 2100))], ids=["none", "one", "a hundred"])
def test_all_groups_of_the_peer_count(tmp_path: Path, groups: tuple[int, ...]) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        for place in (path, *tmp_path.parents[:3], tmp_path):
            place.chmod(0o777)
        pid = os.fork()
        if not pid:
            _connect_as(path, 65534, 65533, groups)
        connection, _ = listener.accept()
        with connection:
            peer = peer_of(connection)
        assert os.waitpid(pid, 0)[1] == 0
    assert (peer.pid, peer.uid, peer.who) == (pid, 65534, "uid 65534")
    assert set(peer.gids) == {65533, *groups}
    assert ROOT_AND_HACLIENT.allows(peer) is (500 in groups)


def _connect_as(path: Path, uid: int, gid: int, groups: tuple[int, ...]) -> None:
    """Be a child: connect as that user, wait for the other end to hang up, end."""
    status = 1
    try:
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            connection.recv(1)
        status = 0
    finally:
        os._exit(status)
