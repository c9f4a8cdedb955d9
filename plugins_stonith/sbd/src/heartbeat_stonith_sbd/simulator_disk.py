"""A disk that misbehaves as disks do: a file system of one file (FUSE), mounted over that file, with our faults in it.

The plugin under test opens it like any other path and reads and writes past all caches; what it meets is the kernel's
own view of a device that hangs, is slow, lies or tears. Needs root and /dev/fuse. Protocol: <linux/fuse.h>, 7.31.
"""

import contextlib
import ctypes
import errno
import os
import select
import stat
import struct
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from heartbeat.testing.device import Fault

_IN = struct.Struct("<IIQQIIIHH")
_OUT = struct.Struct("<IiQ")
_INIT = struct.Struct("<IIIIHHIIHHI28x")
_ATTR = struct.Struct("<QIIQQQQQQIIIIIIIIII")
_OPEN = struct.Struct("<QII")
_IO = struct.Struct("<QQIIQII")
_WRITTEN = struct.Struct("<II")
GETATTR, SETATTR, OPEN, READ, WRITE, RELEASE, FSYNC, FLUSH, INIT, INTERRUPT, FORGET = (
    3,
    4,
    14,
    15,
    16,
    18,
    20,
    25,
    26,
    36,
    2,
)
DIRECT_IO = 1
MOST = 1 << 20
"""Bytes of one request."""
PIECE_S = 0.1
"""What a slow access takes, and how much a late one exceeds a hasty limit of 0.3 s."""
LATE_S = 0.6

DISK_FAULTS = frozenset({
    Fault.UNREACHABLE, Fault.SILENT, Fault.CLOSES, Fault.GARBAGE, Fault.REFUSES_LOGIN, Fault.DENIES, Fault.LIES,
    Fault.TRICKLES, Fault.LATE, Fault.LOSES_ORDER, Fault.HANGS_UP, Fault.CUT_OFF, Fault.OFF_TOPIC,
})  # fmt: skip

_libc = ctypes.CDLL(None, use_errno=True)


def can_mount() -> bool:
    """May this process have such a disk?"""
    return os.geteuid() == 0 and os.access("/dev/fuse", os.R_OK | os.W_OK)


class FaultyDisk:
    """``path`` leads to the bytes of ``behind``, with the fault of the moment."""

    def __init__(self, behind: Path) -> None:
        """Mount it. Raises OSError, also where that is not permitted."""
        self.fault: Fault | None = None
        self.orders = 0
        self._behind = os.open(behind, os.O_RDWR)
        self._size = behind.stat().st_size
        self._fuse = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        self._ends = threading.Event()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC)
        handle, self.path = tempfile.mkstemp(prefix="hb-faulty-disk-")
        os.close(handle)
        options = f"fd={self._fuse},rootmode={stat.S_IFREG:o},user_id=0,group_id=0,max_read={MOST}"
        if _libc.mount(b"hb-disk", self.path.encode(), b"fuse", 0, options.encode()):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), self.path)
        self._thread = threading.Thread(target=self._serve, name="simulated disk", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Unmount it; whoever still waits for it is told that it is gone."""
        self._ends.set()
        _libc.umount2(self.path.encode(), 2)  # MNT_DETACH: a driver that hangs in it may have it open
        os.eventfd_write(self._wake, 1)
        self._thread.join(2 * LATE_S)
        for fd in (self._fuse, self._wake, self._behind):  # the first one aborts what is under way
            os.close(fd)
        with contextlib.suppress(OSError):
            Path(self.path).unlink()

    def _serve(self) -> None:
        while not self._ends.is_set():
            select.select([self._fuse, self._wake], [], [])
            try:
                request = os.read(self._fuse, MOST + 4096)
            except OSError as wrong:
                if wrong.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):
                    continue  # it was interrupted before we had it
                return  # unmounted
            _, opcode, unique, *_ = _IN.unpack_from(request)
            self._meet(opcode, unique, request[_IN.size :])

    def _meet(self, opcode: int, unique: int, body: bytes) -> None:
        """Answer one request, or leave it unanswered."""
        if opcode in (INTERRUPT, FORGET):
            return
        if self.fault is Fault.SILENT and opcode in (READ, WRITE, OPEN):
            return
        if opcode in (READ, WRITE):
            self._ends.wait({Fault.TRICKLES: PIECE_S, Fault.LATE: LATE_S}.get(self.fault, 0.0) if self.fault else 0.0)
        does: dict[int, Callable[[bytes], bytes | int]] = {
            INIT: self._init, GETATTR: self._attributes, SETATTR: self._attributes, OPEN: self._open,
            READ: self._read, WRITE: self._write,
        }  # fmt: skip
        answer = does[opcode](body) if opcode in does else (b"" if opcode in (RELEASE, FSYNC, FLUSH) else errno.ENOSYS)
        number, body = (answer, b"") if isinstance(answer, int) else (0, answer)
        with contextlib.suppress(OSError):  # whoever asked may be gone
            os.write(self._fuse, _OUT.pack(_OUT.size + len(body), -number, unique) + body)

    def _init(self, body: bytes) -> bytes:
        return _INIT.pack(7, 31, MOST, 1 << 5, 16, 12, MOST, 1, MOST // 4096, 0, 0)  # 1 << 5: big writes

    def _attributes(self, body: bytes) -> bytes:
        size = 0 if self.fault is Fault.CUT_OFF else self._size
        return _ATTR.pack(0, 0, 0, 1, size, size // 512, 0, 0, 0, 0, 0, 0, stat.S_IFREG | 0o600, 1, 0, 0, 0, 4096, 0)

    def _open(self, body: bytes) -> bytes | int:
        match self.fault:
            case Fault.UNREACHABLE:
                return errno.ENXIO
            case Fault.REFUSES_LOGIN:
                return errno.EACCES
        return _OPEN.pack(1, DIRECT_IO, 0)

    def _read(self, body: bytes) -> bytes | int:
        _, offset, size, *_ = _IO.unpack_from(body)
        data = os.pread(self._behind, size, offset)
        match self.fault:
            case Fault.CLOSES:
                return errno.EIO
            case Fault.GARBAGE:
                return os.urandom(len(data))
            case Fault.CUT_OFF:
                return data[: len(data) // 2]
            case Fault.OFF_TOPIC if offset:
                return data[8192:].ljust(len(data), b"\0")  # the slots of the nodes after the one that was asked for
        return data

    def _write(self, body: bytes) -> bytes | int:
        _, offset, size, *_ = _IO.unpack_from(body)
        self.orders += 1
        match self.fault:
            case Fault.DENIES:
                return errno.EROFS
            case Fault.LOSES_ORDER:
                self.fault = None
                return errno.EIO
        if self.fault is not Fault.LIES:
            os.pwrite(self._behind, body[_IO.size : _IO.size + size], offset)
        if self.fault is Fault.HANGS_UP:
            self.fault = None
            return errno.EIO
        return _WRITTEN.pack(size, 0)
