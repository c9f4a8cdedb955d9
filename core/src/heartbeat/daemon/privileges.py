"""From root to the configured user, keeping the few capabilities that media and scheduling need."""

import ctypes
import os

KEPT = {
    "CAP_NET_BIND_SERVICE": 10,
    "CAP_NET_RAW": 13,
    "CAP_IPC_LOCK": 14,
    "CAP_SYS_NICE": 23,
}
"""linux/capability.h: port 694, sockets bound to a device and ICMP, locked memory, real-time threads."""

_PR_SET_KEEPCAPS = 8
_PR_SET_DUMPABLE = 4
_VERSION_3 = 0x20080522
"""_LINUX_CAPABILITY_VERSION_3: two 32-bit words for each set."""


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def become(uid: int, gid: int, groups: tuple[int, ...]) -> None:
    """Turn this process, which must have one thread only, into that user; raises OSError.

    One thread: capset(2) is about the calling thread, and threads made later inherit what it left.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_KEEPCAPS) failed")
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    _keep(libc)
    # A process that changed its user is marked as not dumpable, which would hide /proc/self from itself.
    libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)


def _keep(libc: ctypes.CDLL) -> None:
    mask = 0
    for number in KEPT.values():
        mask |= 1 << number
    header = _Header(_VERSION_3, 0)
    data = (_Data * 2)(_Data(mask & 0xFFFFFFFF, mask & 0xFFFFFFFF, 0), _Data(mask >> 32, mask >> 32, 0))
    if libc.capset(ctypes.byref(header), ctypes.byref(data)):
        raise OSError(ctypes.get_errno(), "capset failed")
