"""systemd is told, where there is one."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.daemon.notify import notify_systemd


@pytest.fixture
def environment() -> Iterator[None]:
    """Leave NOTIFY_SOCKET as it was."""
    before = os.environ.pop("NOTIFY_SOCKET", None)
    yield
    os.environ.pop("NOTIFY_SOCKET", None)
    if before is not None:
        os.environ["NOTIFY_SOCKET"] = before


@pytest.mark.parametrize("is_abstract", [False, True], ids=["a path", "an abstract name"])
def test_one_datagram_says_it(tmp_path: Path, environment: None, *, is_abstract: bool) -> None:
    del environment
    name = f"\0{tmp_path}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(name)
        systemd.settimeout(5)
        os.environ["NOTIFY_SOCKET"] = name.replace("\0", "@")
        notify_systemd("READY=1")
        assert systemd.recv(100) == b"READY=1"


@pytest.mark.parametrize("name", ["", "/nowhere/notify"], ids=["not asked for", "nobody there"])
def test_without_systemd_nothing_happens(environment: None, name: str) -> None:
    del environment
    os.environ["NOTIFY_SOCKET"] = name
    notify_systemd("READY=1")
