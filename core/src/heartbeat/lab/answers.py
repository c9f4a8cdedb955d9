"""Who answers for each service address? Asks from the client, below its kernel, and writes down every answer.

For each address, every INTERVAL_S, two questions go to all nodes at once, so that each node that holds the address
answers for itself, whatever any neighbour table says:

* an ARP probe (RFC 5227: sender 0.0.0.0, so nobody's tables change) or a neighbour solicitation (RFC 4861);
* an ICMP echo to the address inside a link-layer broadcast or multicast.

Each question is numbered (in the ARP sender's hardware address, or in the echo's data), so two answers to one
question are two nodes answering at one instant. One line per answer: monotonic time, how, address, the node's
hardware address, number.

    python -m heartbeat.lab.answers FILE INTERVAL_S INTERFACE=ADDRESS...
"""

import contextlib
import ipaddress
import os
import select
import socket
import struct
import sys
import time
from pathlib import Path
from typing import TextIO

from heartbeat.lab.echo import checksum, reply_number, request, request_6
from heartbeat.lab.table import become_realtime

ETH_P_ALL, ETH_P_IP, ETH_P_ARP, ETH_P_IPV6 = 0x0003, 0x0800, 0x0806, 0x86DD
PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC, PACKET_OUTGOING = 1, 1, 4
"""linux/if_packet.h."""
MARKED = b"\x06\x00"
"""First bytes of the hardware address that numbers a probe: locally administered, nobody's."""
FLUSH_S = 0.05
"""Longest time an answer stays in memory."""


class Asker:
    """Asks for one address on one interface."""

    def __init__(self, interface: str, address: str, ident: int) -> None:
        self.address = ipaddress.ip_address(address)
        self.fd = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.fd.bind((interface, ETH_P_ALL))
        self.fd.setblocking(False)
        # The answer to a marked probe goes to the mark, not to us.
        membership = struct.pack("iHH8x", socket.if_nametoindex(interface), PACKET_MR_PROMISC, 0)
        self.fd.setsockopt(263, PACKET_ADD_MEMBERSHIP, membership)  # SOL_PACKET
        self._mac = self.fd.getsockname()[4]
        self._ident = ident
        self._number = 0
        self._source = _source(self.address)

    def ask(self) -> None:
        """Send both questions."""
        self._number += 1
        frames = self._questions_6() if self.address.version == 6 else self._questions_4()
        for frame in frames:
            with contextlib.suppress(OSError):
                self.fd.send(frame)

    def _questions_4(self) -> list[bytes]:
        target = self.address.packed
        mark = MARKED + struct.pack("!I", self._number & 0xFFFFFFFF)
        probe = struct.pack("!HHBBH", 1, ETH_P_IP, 6, 4, 1) + mark + b"\0" * 4 + b"\0" * 6 + target
        echo = request(self._ident, self._number)
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(echo), 0, 0, 64, 1, 0, self._source, target)
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
        everybody = b"\xff" * 6 + self._mac
        return [
            everybody + struct.pack("!H", ETH_P_ARP) + probe,
            everybody + struct.pack("!H", ETH_P_IP) + head + echo,
        ]

    def _questions_6(self) -> list[bytes]:
        target = self.address.packed
        group = ipaddress.ip_address("ff02::1:ff00:0").packed[:13] + target[13:]
        everybody = b"\x33\x33" + group[12:] + self._mac + struct.pack("!H", ETH_P_IPV6)
        body = struct.pack("!BBHI", 135, 0, 0, 0) + target + b"\x01\x01" + self._mac
        pseudo = self._source + group + struct.pack("!II", len(body), 58)
        body = body[:2] + struct.pack("!H", checksum(pseudo + body)) + body[4:]
        solicit = struct.pack("!IHBB", 0x60000000, len(body), 58, 255) + self._source + group + body
        echo = request_6(self._ident, self._number, self._source + target + struct.pack("!II", 24, 58))
        ping = struct.pack("!IHBB", 0x60000000, len(echo), 58, 64) + self._source + target + echo
        return [everybody + solicit, everybody + ping]

    def answers(self) -> list[tuple[float, str, bytes, int]]:
        """Return when, how, from which hardware address and to which question, for all answers that have come."""
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                frame, source = self.fd.recvfrom(512)
                if source[2] != PACKET_OUTGOING and (answer := self._answer(frame)):
                    found.append((time.monotonic(), answer[0], frame[6:12], answer[1]))
        return found

    def _answer(self, frame: bytes) -> tuple[str, int] | None:
        (kind,) = struct.unpack_from("!H", frame, 12)
        mine = self.address.packed
        if kind == ETH_P_ARP and frame[20:22] == b"\0\x02" and frame[28:32] == mine and frame[32:34] == MARKED:
            return "arp", int.from_bytes(frame[34:38], "big")
        if kind == ETH_P_IP and frame[26:30] == mine and frame[23] == 1:
            number = reply_number(frame[34:], self._ident)
            return None if number is None else ("echo", number)
        if kind == ETH_P_IPV6 and frame[20] == 58:
            if frame[54] == 136 and frame[62:78] == mine:
                return "nd", self._number
            number = reply_number(frame[54:], self._ident) if frame[22:38] == mine else None
            return None if number is None else ("echo", number)
        return None


def _source(target: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bytes:
    """Return our own address that the kernel would use towards the target."""
    family = socket.AF_INET6 if target.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((str(target), 9))
        return socket.inet_pton(family, probe.getsockname()[0])


def watch(out: TextIO, interval_s: float, askers: list[Asker]) -> None:
    """Ask and write down for ever."""
    waiter = select.poll()
    for asker in askers:
        waiter.register(asker.fd, select.POLLIN)
    due = flush = time.monotonic()
    while True:
        now = time.monotonic()
        if now >= due:
            for asker in askers:
                asker.ask()
            due = max(due + interval_s, now)
        if now >= flush:
            out.flush()
            flush = now + FLUSH_S
        waiter.poll(max(0.0, (due - now) * 1000))
        for asker in askers:
            about = f"{asker.address}"
            out.writelines(
                f"{at:.6f} {how} {about} {mac.hex(':')} {number}\n" for at, how, mac, number in asker.answers()
            )


def main() -> None:
    pairs = [word.split("=", 1) for word in sys.argv[3:]]
    askers = [Asker(interface, address, os.getpid() & 0xFFFF) for interface, address in pairs]
    become_realtime()
    with Path(sys.argv[1]).open("w") as out:
        watch(out, float(sys.argv[2]), askers)


if __name__ == "__main__":
    main()
