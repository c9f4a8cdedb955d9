"""What the host on which the files are read knows: a parameter, so that reading stays a function of its inputs."""

import grp
import os
import pwd
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

STALL_SEEN_S = 0.060
"""Longest stall of a whole machine that was measured on a small virtual machine (20 to 60 ms)."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Of one file."""

    mode: int
    """Permission bits."""
    uid: int


def _file(path: Path) -> FileFacts | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return FileFacts(status.st_mode & 0o7777, status.st_uid)


def _executable(path: str) -> bool:
    try:
        return Path(path).is_file() and os.access(path, os.X_OK)
    except (OSError, ValueError):
        return False


def _uid(user: str) -> int | None:
    try:
        return pwd.getpwnam(user).pw_uid
    except (KeyError, ValueError):
        return None


def _gid(group: str) -> int | None:
    if group.isascii() and group.isdigit():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except (KeyError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class HostFacts:
    """Facts and ways to look them up. The defaults ask nothing and suit a test."""

    hostname: str = "localhost"
    euid: int = 0
    """Who would run the daemon."""
    interfaces: frozenset[str] | None = None
    """Names of the network interfaces; None: not known, so that none is missed."""
    udpport: int | None = None
    """Port of ``ha-cluster`` in services(5)."""
    worst_stall_s: float = STALL_SEEN_S
    file: Callable[[Path], FileFacts | None] = _file
    executable: Callable[[str], bool] = _executable
    uid: Callable[[str], int | None] = _uid
    gid: Callable[[str], int | None] = _gid


def facts_of_this_host(worst_stall_s: float = STALL_SEEN_S) -> HostFacts:
    """Ask this host."""
    try:
        udpport: int | None = socket.getservbyname("ha-cluster", "udp")
    except OSError:
        udpport = None
    return HostFacts(
        hostname=os.uname().nodename,
        euid=os.geteuid(),
        interfaces=frozenset(name for _, name in socket.if_nameindex()),
        udpport=udpport,
        worst_stall_s=worst_stall_s,
    )
