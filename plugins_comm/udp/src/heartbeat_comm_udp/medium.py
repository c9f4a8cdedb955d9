"""What all UDP media share: one non-blocking socket bound to one interface, read in short bursts.

A medium that loses its interface while it is open mends itself: each failed ``send`` looks, at most every
REOPEN_AFTER_S, whether a fresh socket can be made, and changes over when it can. Nothing here waits.
"""

import abc
import contextlib
import errno
import select
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from heartbeat.plugin import API_CURRENT, AccessDenied, Deliver, Medium, Param, ParamKind, Params, PluginError

from heartbeat_comm_udp.interface import Interface, look_up

if TYPE_CHECKING:
    # At run time it is imported by open() only: checking a configuration needs no event loop.
    import asyncio

FRAMES_PER_WAKE_UP = 64
"""So that a flood on one link cannot keep the loop from the other links' beats, nor a drain from our own."""
REOPEN_AFTER_S = 0.25
RECEIVE_BUFFER_BYTES = 2 * 1024 * 1024
"""Asked of the kernel, which books about 2300 bytes for a full Ethernet frame: room for a burst of some 1800."""
UNOPENED_MTU_BYTES = 1500
"""Ethernet's, until the interface was asked."""
LARGEST_DATAGRAM_BYTES = 65507
"""65535 less the IPv4 and UDP headers (RFC 768, RFC 791)."""
CLASS_SELECTOR_6 = 0xC0
"""Network control (RFC 4594): switches that look at DSCP put the beat before bulk traffic."""
INTERACTIVE = 6
"""linux/pkt_sched.h, TC_PRIO_INTERACTIVE: the first band of the default queueing discipline."""

INTERFACE = Param(
    "interface", ParamKind.INTERFACE, required=True, example="eth1", help="Network interface to send and listen on."
)
PORT = Param(
    "port",
    ParamKind.PORT,
    default=694,
    example="694",
    setting="udpport",
    help="UDP port, the same on all nodes; 694 is ha-cluster at IANA.",
)

Address = tuple[str, int] | tuple[str, int, int, int]
"""As the socket module takes it for IPv4 or IPv6."""


class UdpMedium(Medium, abc.ABC):
    """Base of the UDP media. A kind of medium says where to bind and whom to send to; the rest is here."""

    api = API_CURRENT
    family: ClassVar[socket.AddressFamily] = socket.AF_INET
    header_bytes: ClassVar[int] = 28
    """IP and UDP headers: 20 + 8, IPv6 40 + 8."""
    shares_port: ClassVar[bool] = True
    """Group traffic is copied by the kernel to every socket that asks, so several clusters can share a port.
    A unicast frame goes to one socket only: there a second one must be refused."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.interface = params.text("interface")
        self.port = int(params.number("port"))
        self._socket: socket.socket | None = None
        self._arrivals = select.poll()
        """Asked whether there is more: a receive that finds nothing costs over twice as much, for its exception."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._deliver: Deliver | None = None
        self._targets: tuple[Address, ...] = ()
        self._mtu = UNOPENED_MTU_BYTES
        self._reopened_s = 0.0

    async def open(self, deliver: Deliver) -> None:
        """Bind the socket and start delivering.

        Raises PluginError naming interface, port, cause and mend: interface missing, down or without address,
        port in use, no privilege.
        """
        from asyncio import get_running_loop

        await self.close()
        self._loop = get_running_loop()
        self._deliver = deliver
        await self._prepare()
        self._change_over()

    def send(self, frame: bytes) -> None:
        sender = self._socket
        if sender is None or len(frame) > self.largest:
            self.dropped += len(self._targets) or 1
            return
        for target in self._targets:
            try:
                sender.sendto(frame, target)
            except OSError as error:
                self.dropped += 1
                if error.errno not in _PASSING:
                    self._mend()

    async def close(self) -> None:
        self._release()

    @property
    def mtu(self) -> int:
        return min(self._mtu - self.header_bytes, self.largest)

    @property
    def largest(self) -> int:
        return LARGEST_DATAGRAM_BYTES

    def drain(self) -> bool:
        return bool(self._arrivals.poll(0)) and self._read(FRAMES_PER_WAKE_UP)

    async def _prepare(self) -> None:
        """Do what may wait (look up names), before the socket is made."""

    @abc.abstractmethod
    def _bind(self, opened: socket.socket, interface: Interface) -> tuple[Address, ...]:
        """Bind, and return whom to send to. Raises OSError or PluginError."""

    def _change_over(self) -> None:
        """Make a fresh socket and, when that worked, put it in the place of the old one."""
        interface = look_up(self.interface)
        opened = socket.socket(self.family, socket.SOCK_DGRAM)
        try:
            opened.settimeout(0)
            self._set_up(opened)
            targets = self._bind(opened, interface)
        except OSError as error:
            opened.close()
            raise self._explained(error) from None
        except BaseException:
            opened.close()
            raise
        self._release()
        self._socket, self._targets, self._mtu = opened, targets, interface.mtu
        self._arrivals.register(opened, select.POLLIN)
        assert self._loop is not None
        self._loop.add_reader(opened.fileno(), self._read, FRAMES_PER_WAKE_UP)

    def _set_up(self, opened: socket.socket) -> None:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.interface.encode())
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(self.shares_port))
        try:
            opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
        except OSError:  # not privileged: as much as net.core.rmem_max allows
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        if self.family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, CLASS_SELECTOR_6)
        else:
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, CLASS_SELECTOR_6)
            # Without this, a frame larger than a path MTU learnt meanwhile is refused instead of cut up.
            opened.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_DONT)
        # After the DSCP, whose setting resets it.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, INTERACTIVE)

    def _read(self, limit: int) -> bool:
        """Deliver what has arrived, at most so many frames; there is one at least. Return whether more waits."""
        reader, deliver = self._socket, self._deliver
        if reader is None or deliver is None:
            return False
        for _ in range(limit):
            try:
                frame = reader.recv(LARGEST_DATAGRAM_BYTES)
            except OSError:  # not the first, after all; or a frame made us change over, and this socket is closed
                return False
            deliver(frame)
            if not self._arrivals.poll(0):
                return False
        return True

    def _mend(self) -> None:
        assert self._loop is not None
        now_s = self._loop.time()
        if now_s - self._reopened_s < REOPEN_AFTER_S:
            return
        self._reopened_s = now_s
        with contextlib.suppress(PluginError):  # not yet; the old socket stays and the next send looks again
            self._change_over()

    def _release(self) -> None:
        if self._socket is not None and self._loop is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._arrivals.unregister(self._socket)
            self._socket.close()
        self._socket = None

    def _explained(self, error: OSError) -> PluginError:
        place = f"interface {self.interface}, UDP port {self.port}"
        match error.errno:
            case errno.EADDRINUSE:
                return PluginError(
                    f"{place}: the port is in use by another program; `ss -ulpn 'sport = :{self.port}'` shows which; "
                    "end it, or give this cluster another port with udpport on all nodes"
                )
            case errno.EPERM:
                return AccessDenied(
                    f"{place}: not allowed to bind to an interface; that needs root or the capability CAP_NET_RAW"
                )
            case errno.EACCES:
                return AccessDenied(
                    f"{place}: not allowed to use a port below 1024; that needs root or the capability "
                    "CAP_NET_BIND_SERVICE, or a higher udpport on all nodes"
                )
            case errno.ENODEV | errno.ENXIO:
                return PluginError(f"{place}: the interface has just vanished; heartbeat goes on looking for it")
            case errno.EADDRNOTAVAIL:
                return PluginError(
                    f"{place}: the address to bind to is not usable (yet); `ip address show dev {self.interface}` "
                    "shows whether it is there, and whether it is tentative"
                )
            case _:
                return PluginError(f"{place}: {error.strerror or error}; `ip address show dev {self.interface}`")


def numbered(words: Sequence[str], at_least: int, at_most: int, form: str) -> tuple[str, ...]:
    """Return what is wrong with the number of words of a line, or nothing."""
    if at_least <= len(words) <= at_most:
        return ()
    return (f"expected {form}, found {len(words)} word{'' if len(words) == 1 else 's'}",)


# linux/socket.h and linux/in.h; the socket module does not name them all in 3.11.
_SO_RCVBUFFORCE = 33
_IP_MTU_DISCOVER = 10
_IP_PMTUDISC_DONT = 0
_PASSING = frozenset({errno.EAGAIN, errno.ENOBUFS, errno.EMSGSIZE, errno.EPERM, errno.EINTR})
"""A full queue, a frame too large, a firewall's refusal: a fresh socket would change nothing."""
