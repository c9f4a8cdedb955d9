"""Floods the other node from inside a node of the lab: ``flood.py garbage|copies LINK OTHER_LINK SECONDS``.

On LINK go frames of garbage, or copies of this node's newest beat, which are authentic. On OTHER_LINK it listens to how
regularly the flooded node beats. Prints: frames sent, beats heard, the longest time between two in ms.
"""

import os
import socket
import sys
import time

PORT = 694
PACKET_OUTGOING = 4
"""linux/if_packet.h"""
ETH_P_ALL = 3
HEADERS = 28
"""IPv4 without options, UDP."""
BURST = 50


def listening(link: str) -> socket.socket:
    """Return a socket that sees all packets of a link, from the IP header on."""
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    opened.bind((link, ETH_P_ALL))
    opened.settimeout(0)
    return opened


def newest(opened: socket.socket, *, outgoing: bool) -> tuple[bytes, int]:
    """Return the newest of the cluster's frames that one way or the other went by since last asked, and how many."""
    frame, count = b"", 0
    while True:
        try:
            packet, address = opened.recvfrom(65535)
        except BlockingIOError:
            return frame, count
        is_ours = packet[9:10] == bytes([socket.IPPROTO_UDP]) and int.from_bytes(packet[22:24]) == PORT
        if is_ours and (address[2] == PACKET_OUTGOING) == outgoing:
            frame, count = packet[HEADERS:], count + 1


def main(what: str, link: str, other: str, seconds: float) -> None:
    mine, theirs = listening(other), listening(other)
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    frame = os.urandom(200) if what == "garbage" else b""
    sent = beats = 0
    begun_s = heard_s = time.monotonic()
    longest_s = 0.0
    while (now_s := time.monotonic()) < begun_s + seconds:
        if what == "copies":
            frame = newest(mine, outgoing=True)[0] or frame
        if frame:
            for _ in range(BURST):
                sender.sendto(frame, ("255.255.255.255", PORT))
            sent += BURST
        if new := newest(theirs, outgoing=False)[1]:
            longest_s, heard_s, beats = max(longest_s, now_s - heard_s) if beats else 0.0, now_s, beats + new
    print(sent, beats, f"{longest_s * 1000:.0f} ms longest between two beats of the flooded node")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
