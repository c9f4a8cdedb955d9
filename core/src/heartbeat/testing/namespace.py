"""Network namespaces for tests: hosts of their own, joined by virtual cables, on one machine.

Needs root (or a user namespace) and the ``ip`` program. Everything carries the test process's number in its name
and is removed at the end; nothing touches the host's own interfaces.
"""

import contextlib
import ctypes
import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_SYSCTL = Path("/proc/sys/net")
_NET = Path("/proc/thread-self/net")
_numbers = itertools.count()
_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """One host's network. Make it with ``namespaces``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = Path("/run/netns") / name

    def ip(self, *words: str) -> str:
        """Run ``ip`` inside with these words and return what it prints. Raises CalledProcessError with its text."""
        return _ip("-n", self.name, *words)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Put the calling thread inside. Sockets that it makes there stay there; other threads stay outside."""
        with Path("/proc/thread-self/ns/net").open("rb") as outside, self.path.open("rb") as inside:
            _set_namespace(inside.fileno())
            try:
                yield
            finally:
                _set_namespace(outside.fileno())

    def sysctl(self, name: str, value: int | None = None) -> int:
        """Set and return a setting below ``net``: ``ipv4/conf/eth0/promote_secondaries``."""
        with self.entered():
            if value is not None:
                (_SYSCTL / name).write_text(str(value))
            return int((_SYSCTL / name).read_text())

    def fragmented(self) -> int:
        """Return how many pieces IPv4 and IPv6 here have cut datagrams into (IP-MIB, ``ipFragCreates``)."""
        with self.entered():
            names, values = (line.split() for line in (_NET / "snmp").read_text().splitlines()[:2])
            of_ipv6 = dict(line.split() for line in (_NET / "snmp6").read_text().splitlines())
        return int(dict(zip(names, values, strict=True))["FragCreates"]) + int(of_ipv6["Ip6FragCreates"])


@contextlib.contextmanager
def namespaces(count: int) -> Iterator[list[Namespace]]:
    """Make empty hosts, loopback up and IPv6 without its second of address detection, and remove them at the end."""
    made = [Namespace(f"hbtest-{os.getpid()}-{next(_numbers)}") for _ in range(count)]
    with contextlib.ExitStack() as undo:
        for each in made:
            _ip("netns", "add", each.name)
            undo.callback(_ip, "netns", "delete", each.name)
            for which in ("all", "default"):
                each.sysctl(f"ipv6/conf/{which}/accept_dad", 0)
            each.ip("link", "set", "lo", "up")
        yield made


def cable(one: Namespace, its: str, other: Namespace, others: str) -> None:
    """Join interface ``its`` of one host and ``others`` of the other by a virtual cable, and switch both on."""
    one.ip("link", "add", its, "type", "veth", "peer", "name", others, "netns", other.name)
    one.ip("link", "set", its, "up")
    other.ip("link", "set", others, "up")


def why_not() -> str:
    """Return why namespaces cannot be made here; empty when they can."""
    try:
        with namespaces(1):
            return ""
    except FileNotFoundError:
        return "no `ip` program (package iproute2)"
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no network namespaces here: {getattr(error, 'stderr', '') or error}".strip()


def _ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


def _set_namespace(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
