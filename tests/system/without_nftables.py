"""Runs a program for which the kernel has no nftables: ``without_nftables.py PROGRAM ARGUMENT...``.

A seccomp filter answers socket(AF_NETLINK, ..., NETLINK_NETFILTER) as a kernel does that was built without it, for the
program and for all that it starts. Exit status 3: this machine's calls are not known here.
"""

import ctypes
import errno
import os
import platform
import socket
import struct
import sys

MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""AUDIT_ARCH of linux/audit.h, and the number of socket(2)."""
NETLINK_NETFILTER = 12
"""linux/netlink.h"""
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
"""linux/prctl.h, linux/seccomp.h, linux/filter.h"""
NUMBER, ARCH, FAMILY, PROTOCOL = 0, 4, 16, 32
"""Places in struct seccomp_data; the lower half of each argument, little-endian."""


def program(arch: int, number: int) -> bytes:
    """Return the filter: all four conditions hold, or it is allowed."""
    conditions = ((ARCH, arch), (NUMBER, number), (FAMILY, socket.AF_NETLINK), (PROTOCOL, NETLINK_NETFILTER))
    code = []
    for left, (place, value) in zip(range(2 * len(conditions) - 1, 0, -2), conditions, strict=True):
        code += [(LOAD, 0, 0, place), (EQUAL, 0, left, value)]
    code += [(RETURN, 0, 0, ERRNO | errno.EPROTONOSUPPORT), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("=HBBI", *one) for one in code)


def forbid(arch: int, number: int) -> None:
    """Put the filter on this process; needs CAP_SYS_ADMIN. Raises OSError."""
    code = program(arch, number)
    kept = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(kept))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(head, len(head)), 0, 0):
        raise OSError(ctypes.get_errno(), "no filter can be set")


if __name__ == "__main__":
    if platform.machine() not in MACHINES:
        sys.exit(3)
    forbid(*MACHINES[platform.machine()])
    os.execvp(sys.argv[1], sys.argv[1:])
