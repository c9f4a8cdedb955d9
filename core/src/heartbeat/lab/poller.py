"""Asks one address for ICMP echoes, steadily, in real time where permitted. Runs in the client's network.

python -m heartbeat.lab.poller FILE ADDRESS INTERVAL_S
"""

import contextlib
import ipaddress
import os
import select
import socket
import sys
import time
from pathlib import Path

from heartbeat.lab.echo import reply_number, request, request_6
from heartbeat.lab.table import Table, become_realtime


def poll(table: Table, address: str, interval_s: float) -> None:
    """Fill the table until it is full."""
    six = ipaddress.ip_address(address).version == 6
    family, protocol = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if six else (socket.AF_INET, socket.IPPROTO_ICMP)
    raw = socket.socket(family, socket.SOCK_RAW, protocol)
    raw.setblocking(False)
    ident, make = os.getpid() & 0xFFFF, request_6 if six else request
    waiter = select.poll()
    waiter.register(raw, select.POLLIN)
    due = time.monotonic()
    while not table.is_full:
        now = time.monotonic()
        if now >= due:
            with contextlib.suppress(OSError):  # no answer to the neighbour request, just now
                raw.sendto(make(ident, table.sent(now)), (address, 0))
            due = max(due + interval_s, now)
        elif waiter.poll(max(0.0, (due - now) * 1000)):
            _take(raw, table, ident, 0 if six else 20)


def _take(raw: socket.socket, table: Table, ident: int, skip: int) -> None:
    """Note the answers that have come; ``skip`` is the IP header that raw IPv4 sockets deliver."""
    with contextlib.suppress(BlockingIOError):
        while True:
            number = reply_number(raw.recv(256)[skip:], ident)
            if number is not None:
                table.back(number, time.monotonic())


if __name__ == "__main__":
    become_realtime()
    poll(Table(Path(sys.argv[1])), sys.argv[2], float(sys.argv[3]))
