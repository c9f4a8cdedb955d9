"""The network cables of a simulated device: what listens in its own network is reached from inside the nodes.

A simulator listens on its loopback, which nobody else sees. In each node the same ports of that node's loopback are
opened, and what arrives there is passed on byte by byte, datagram by datagram, connection by connection: what the
device does with a connection (takes it, closes it, says nothing) shows at the node's end.
"""

import asyncio
import contextlib
import ctypes
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

HERE = "127.0.0.1"
CLONE_NEWNET = 0x40000000
"""linux/sched.h."""
LISTENS, UNCONNECTED = "0A", "07"
"""Socket states as /proc/net/tcp and /proc/net/udp have them (include/net/tcp_states.h)."""
CHUNK = 65536

_libc = ctypes.CDLL(None, use_errno=True)

Port = tuple[int, int]
"""SOCK_STREAM or SOCK_DGRAM, and the number."""


def served() -> list[Port]:
    """Return what somebody listens on in this process's own network; who listens on IPv6 takes IPv4 there, too."""
    found = []
    tables = ("tcp", "tcp6", socket.SOCK_STREAM, LISTENS), ("udp", "udp6", socket.SOCK_DGRAM, UNCONNECTED)
    for table, kind, state in ((table, kind, state) for *both, kind, state in tables for table in both):
        path = Path(f"/proc/self/net/{table}")
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            words = line.split()
            if words[3] == state:
                found.append((int(kind), int(words[1].rpartition(":")[2], 16)))
    return sorted(set(found))


def sockets_in(pid: int, ports: list[Port]) -> list[socket.socket]:
    """Return sockets bound to these ports on the loopback of a process's network. Raises OSError."""

    def make() -> list[socket.socket]:
        with Path(f"/proc/{pid}/ns/net").open("rb") as network:
            if _libc.setns(network.fileno(), CLONE_NEWNET):
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), f"the network of process {pid}")
        return [_bound(kind, number) for kind, number in ports]

    # A thread of its own: entering is for one thread only, and it never comes back.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(make).result()


def _bound(kind: int, number: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((HERE, number))
    made.setblocking(False)
    if kind == socket.SOCK_STREAM:
        made.listen(16)
    return made


class Cables:
    """The cables to all nodes; used by one event loop."""

    def __init__(self) -> None:
        self.ports = served()
        self._ends: dict[str, list[asyncio.AbstractServer | asyncio.BaseTransport]] = {}
        self._talks: dict[str, set[asyncio.Task[None]]] = {}

    async def plug(self, node: str, pid: int) -> None:
        """Have a node reach the device from now on."""
        self.unplug(node)
        talks = self._talks.setdefault(node, set())
        ends = self._ends.setdefault(node, [])
        loop = asyncio.get_running_loop()
        for (kind, number), bound in zip(self.ports, sockets_in(pid, self.ports), strict=True):
            if kind == socket.SOCK_DGRAM:
                made, _ = await loop.create_datagram_endpoint(lambda number=number: Datagrams(number), sock=bound)  # type: ignore[misc]
                ends.append(made)
                continue

            async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int = number) -> None:
                this = asyncio.current_task()
                assert this is not None
                talks.add(this)
                this.add_done_callback(talks.discard)
                await _pass_on(reader, writer, number)

            ends.append(await asyncio.start_server(talk, sock=bound))

    def unplug(self, node: str) -> None:
        """Cut a node off; its network can only end when nobody holds a socket in it."""
        for end in self._ends.pop(node, []):
            end.close()
        for talk in self._talks.pop(node, set()):
            talk.cancel()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    """Join a connection from a node with one to the device, until either end hangs up."""
    try:
        device_reader, device_writer = await asyncio.open_connection(HERE, number)
    except OSError:
        writer.transport.abort()
        return
    try:
        ways = [asyncio.create_task(_copy(reader, device_writer)), asyncio.create_task(_copy(device_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
    finally:
        for each in (writer, device_writer):
            each.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()


class Datagrams(asyncio.DatagramProtocol):
    """A node's end of a datagram port: each client there has a socket of its own to the device."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._clients: dict[tuple[str, int], _Client] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # before Python 3.12 it does not say so

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if addr not in self._clients:
            self._clients[addr] = _Client(self._number, lambda answer: self._transport.sendto(answer, addr))
        self._clients[addr].send(data)

    def connection_lost(self, exc: Exception | None) -> None:
        for client in self._clients.values():
            client.close()


class _Client:
    def __init__(self, number: int, answer: Callable[[bytes], None]) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect((HERE, number))
        self._socket.setblocking(False)
        self._answer = answer
        asyncio.get_running_loop().add_reader(self._socket, self._heard)

    def send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # nobody listens any more: as on a wire
            self._socket.send(data)

    def _heard(self) -> None:
        with contextlib.suppress(OSError):
            self._answer(self._socket.recv(CHUNK))

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
