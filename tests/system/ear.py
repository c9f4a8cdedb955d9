"""Listens to who claims an address: ``ear.py ADDRESS INTERFACE``; run by path, with the standard library alone.

Prints ``listening``, then for each ARP packet from the address and each neighbour advertisement of it: when it came,
and the last byte of its sender's MAC, which is the node's number in the lab.
"""

import ipaddress
import socket
import sys
import time

ETH_P_ALL = 3
ARP, IPV6 = b"\x08\x06", b"\x86\xdd"
ICMPV6, ADVERTISEMENT = 58, 136


def claims(frame: bytes, address: bytes) -> bool:
    """Does this frame say that its sender has the address? RFC 826; RFC 4861 section 4.4, no extension headers."""
    if len(address) == 4:
        return frame[12:14] == ARP and frame[28:32] == address
    is_advertisement = frame[12:14] == IPV6 and frame[20] == ICMPV6 and frame[54] == ADVERTISEMENT
    return is_advertisement and frame[62:78] == address


def main(address: str, interface: str) -> None:
    wanted = ipaddress.ip_address(address).packed
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    wire.bind((interface, 0))
    print("listening", flush=True)
    while True:
        frame = wire.recv(2048)
        if claims(frame, wanted):
            print(time.monotonic(), frame[11], flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
