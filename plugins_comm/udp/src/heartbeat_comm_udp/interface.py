"""What the kernel says about a network interface, asked by ioctl: cheap, and always of our own network namespace.

Request numbers and layout: netdevice(7), linux/sockios.h, linux/if.h.
"""

import errno
import fcntl
import socket
import struct
from dataclasses import dataclass

from heartbeat.plugin import PluginError

_SIOCGIFFLAGS = 0x8913
_SIOCGIFADDR = 0x8915
_SIOCGIFMTU = 0x8921
_IFF_UP = 0x1
_REQUEST = struct.Struct("16s24x")


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface at one moment."""

    name: str
    index: int
    """Changes when an interface vanishes and comes back under the same name."""
    mtu: int
    """Bytes, IP header included."""
    ipv4: str
    """Its first IPv4 address; empty when it has none."""


def look_up(name: str) -> Interface:
    """Return the interface, which is up. Raises PluginError when it is missing or down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        try:
            index = socket.if_nametoindex(name)
            (flags,) = struct.unpack_from("=H", _ask(asker, _SIOCGIFFLAGS, name), 16)
            (mtu,) = struct.unpack_from("=i", _ask(asker, _SIOCGIFMTU, name), 16)
        except OSError as error:
            raise PluginError(
                f"there is no interface {name} ({error.strerror}); "
                f"`ip link` lists those of this machine; heartbeat goes on looking for it"
            ) from None
        if not flags & _IFF_UP:
            raise PluginError(f"interface {name} is down; mend it with `ip link set {name} up`")
        return Interface(name, index, mtu, _ipv4(asker, name))


def _ask(asker: socket.socket, request: int, name: str) -> bytes:
    return fcntl.ioctl(asker.fileno(), request, _REQUEST.pack(name.encode()))


def _ipv4(asker: socket.socket, name: str) -> str:
    try:
        return socket.inet_ntoa(_ask(asker, _SIOCGIFADDR, name)[20:24])
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            return ""
        raise PluginError(f"cannot read the address of interface {name}: {error.strerror}") from None
