"""The state of a network interface, asked by ioctl (netdevice(7), linux/if.h)."""

import fcntl
import socket
import struct
from dataclasses import dataclass

from heartbeat.plugin import PluginError

_SIOCGIFFLAGS = 0x8913
_UP, _LOOPBACK, _RUNNING, _NOARP = 0x1, 0x8, 0x40, 0x80


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface at one moment."""

    index: int
    name: str
    flags: int

    @property
    def is_loopback(self) -> bool:
        return bool(self.flags & _LOOPBACK)

    @property
    def resolves(self) -> bool:
        """Do neighbours on it ask for hardware addresses?"""
        return not self.flags & (_NOARP | _LOOPBACK)

    def problem(self, *, carrier: bool) -> str:
        """Return why it cannot carry a service, with the mend; nothing when it can."""
        if not self.flags & _UP:
            return f"interface {self.name} is down; mend it with `ip link set {self.name} up`"
        if carrier and not self.flags & _RUNNING:
            return f"interface {self.name} has no carrier; look at its cable and switch port"
        return ""


def by_name(name: str) -> Interface:
    """Return an interface. Raises PluginError when there is none of that name."""
    try:
        index = socket.if_nametoindex(name)
        return Interface(index, name, _flags(name))
    except OSError:
        raise PluginError(f"there is no interface {name} on this node; `ip link` lists them") from None


def by_index(index: int) -> Interface:
    """Return an interface. Raises PluginError when it has just vanished."""
    found = find(index)
    if found is None:
        raise PluginError(f"interface number {index} has just vanished; `ip link` lists what is there")
    return found


def find(index: int) -> Interface | None:
    """Return an interface, or None when there is none of that number."""
    try:
        name = socket.if_indextoname(index)
        return Interface(index, name, _flags(name))
    except OSError:
        return None


def index_of(name: str) -> int:
    """Return the number of the interface of that name; 0, which none has, when there is none."""
    try:
        return socket.if_nametoindex(name)
    except OSError:
        return 0


def _flags(name: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        answer = fcntl.ioctl(asker.fileno(), _SIOCGIFFLAGS, struct.pack("16s24x", name.encode()))
    (flags,) = struct.unpack_from("=H", answer, 16)
    return int(flags)
