"""Telling the network where an address is now: gratuitous ARP (IPv4), unsolicited advertisement (IPv6)."""

import errno
import socket
import struct
from pathlib import Path

from heartbeat.plugin import AccessDenied, PluginError

from heartbeat_ra_ip.interface import Interface
from heartbeat_ra_ip.wanted import Address

_ETHERNET = 1
"""ARPHRD_ETHER (linux/if_arp.h); bridges, bonds, VLANs, Wi-Fi and veth say so too."""
_BROADCAST = b"\xff" * 6
_ALL_NODES = bytes.fromhex("ff020000000000000000000000000001")
_ALL_NODES_MAC = bytes.fromhex("333300000001")
_OVERRIDE, _ROUTER = 0x20000000, 0x80000000


class Announcer:
    """The packets for one address on one interface, and an open socket to send them.

    The socket is opened without a protocol: one with a protocol also receives, and the kernel lets whoever binds
    or closes such a socket wait for every processor to have passed by, some ten milliseconds.
    """

    def __init__(self, ip: Address, interface: Interface) -> None:
        self.interface = interface
        self._frames: tuple[bytes, ...] = ()
        self._socket: socket.socket | None = None
        if interface.resolves:
            self._open(ip)

    def _open(self, ip: Address) -> None:
        try:
            opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        except PermissionError:
            raise AccessDenied(
                f"{ip}: not allowed to announce addresses; that needs root or the capability CAP_NET_RAW"
            ) from None
        self._socket = opened
        try:
            opened.bind((self.interface.name, 0))
            _, _, _, hardware, mac = opened.getsockname()
        except OSError as error:
            self.close()
            raise PluginError(f"{ip}: cannot announce on interface {self.interface.name}: {error.strerror}") from None
        if hardware == _ETHERNET and len(mac) == 6:
            self._frames = frames(ip, mac, is_router=ip.version == 6 and _forwards(self.interface.name))

    def announce(self) -> None:
        """Send one round: an ARP request and a reply, or one advertisement. Raises PluginError when it cannot."""
        if self._socket is None:
            return
        for frame in self._frames:
            try:
                self._socket.send(frame)
            except OSError as error:
                if error.errno != errno.ENOBUFS:  # a full queue: the next round will tell
                    raise PluginError(
                        f"cannot announce on interface {self.interface.name}: {error.strerror}; "
                        f"`ip link show {self.interface.name}`"
                    ) from None

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def frames(ip: Address, mac: bytes, *, is_router: bool = False) -> tuple[bytes, ...]:
    """Return the Ethernet frames that announce an address; ``mac`` is 6 bytes."""
    if ip.version == 6:
        return (_advertisement(ip.packed, mac, is_router=is_router),)
    # Some listen to requests only, some to replies only.
    return (
        _arp(1, mac, ip.packed, bytes(6)),  # RFC 5227, section 2.3
        _arp(2, mac, ip.packed, mac),  # RFC 5944, section 4.6
    )


def _arp(operation: int, mac: bytes, ip: bytes, target: bytes) -> bytes:
    """RFC 826: hardware 1 (Ethernet), protocol 0x0800, lengths 6 and 4; padded to Ethernet's 60 bytes."""
    packet = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + mac + ip + target + ip
    return (_BROADCAST + mac + b"\x08\x06" + packet).ljust(60, b"\0")


def _advertisement(ip: bytes, mac: bytes, *, is_router: bool) -> bytes:
    """RFC 4861, sections 4.4 and 7.2.6: type 136 to all nodes, hop limit 255, Override, target's link address."""
    flags = _OVERRIDE | (_ROUTER if is_router else 0)
    body = struct.pack("!I", flags) + ip + b"\x02\x01" + mac
    checksum = _checksum(ip + _ALL_NODES + struct.pack("!II", len(body) + 4, 58) + b"\x88\0\0\0" + body)
    packet = b"\x88\0" + struct.pack("!H", checksum) + body
    header = struct.pack("!IHBB", 0x60000000, len(packet), 58, 255) + ip + _ALL_NODES
    return _ALL_NODES_MAC + mac + b"\x86\xdd" + header + packet


def _checksum(data: bytes) -> int:
    """RFC 1071; the data's length is even."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _forwards(interface: str) -> bool:
    """Neighbours forget a default router that advertises without the Router flag (RFC 4861, section 7.2.5)."""
    try:
        return Path(f"/proc/sys/net/ipv6/conf/{interface}/forwarding").read_text() != "0\n"
    except OSError:
        return False
