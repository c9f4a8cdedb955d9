"""A watchdog device: a timer that resets the machine unless it is fed in time.

Two forms, told apart by what lies at the path. A character device is a driver of Linux (``/dev/watchdog``; API:
Documentation/watchdog/watchdog-api.rst of the kernel). A UNIX socket is a timer that another program keeps for this
node; the lab's simulated machines have one.

Opening starts the timer, and nothing but ``disarm`` stops it again: not the death of who opened it.
"""

import contextlib
import errno
import fcntl
import os
import socket
import stat
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from heartbeat.plugin.errors import BadConfig, NotInstalled, PluginError, Unreachable

GETSUPPORT, KEEPALIVE, SETTIMEOUT, GETTIMEOUT = 0x80285700, 0x80045705, 0xC0045706, 0x80045707
"""Of <linux/watchdog.h>, on every architecture with the generic <asm/ioctl.h>; others answer ENOTTY."""
MAGICCLOSE = 0x0100
"""WDIOF_MAGICCLOSE among the options: closing without the letter V leaves the timer running."""
MAGIC = b"V"
INFO = struct.Struct("@II32s")
"""struct watchdog_info: options, firmware version, identity."""
SOFTWARE = "Software Watchdog"
"""The identity of the softdog driver."""
ANSWER_S = 1.0
"""Longest wait for the program behind a socket."""
WORD_MAX = 256

CPUINFO = Path("/proc/cpuinfo")
SYSFS = Path("/sys/class/watchdog")
MISC_MINOR = 130
"""Of the old name /dev/watchdog (misc device 10:130), which is watchdog0."""

Ioctl = Callable[[int, int, bytearray], object]


class Watchdog(Protocol):
    """One that is open, and therefore runs."""

    identity: str
    """As the driver calls itself."""
    timeout_s: float
    """What is really set, read back from the device."""
    weakness: str
    """Why its reset proves nothing to other nodes; empty when it does."""
    can_disarm: bool
    """False (nowayout): the machine is reset once nobody feeds it any more, whoever left in order."""

    def feed(self) -> None:
        """Start the time anew. Raises PluginError when the device does not take it."""

    def disarm(self) -> None:
        """Stop the timer, where that is possible, and close. Only what holds nothing any more may do so."""

    def abandon(self) -> None:
        """Close, and leave the timer running: whoever opens it next must be in time."""


def open_watchdog(path: str, timeout_s: int) -> Watchdog:
    """Open and thereby start a watchdog that shall reset this machine ``timeout_s`` seconds after it was last fed.

    Raises NotInstalled when there is none, Unreachable when another process has it, BadConfig when it is no watchdog,
    or one that cannot do this; then it does not run.
    """
    try:
        mode = Path(path).stat().st_mode
    except OSError as wrong:
        raise NotInstalled(
            f"{path}: {wrong.strerror}; load the driver of this machine's watchdog, or softdog (modprobe softdog)"
        ) from None
    if stat.S_ISSOCK(mode):
        return SocketWatchdog(path, timeout_s)
    if not stat.S_ISCHR(mode):
        raise BadConfig(f"{path} is neither a watchdog device nor a socket of one")
    return _opened(path, timeout_s)


def _opened(path: str, timeout_s: int) -> Watchdog:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except OSError as wrong:
        if wrong.errno == errno.EBUSY:
            raise Unreachable(
                f"{path} belongs to another process: watchdogd, sbd, or systemd (RuntimeWatchdogSec= in "
                "/etc/systemd/system.conf); one feeds it, so end that one"
            ) from None
        raise NotInstalled(f"{path} cannot be opened: {wrong.strerror}") from None
    try:
        return KernelWatchdog(fd, timeout_s)
    except BaseException:
        with contextlib.suppress(OSError):
            os.write(fd, MAGIC)
            os.close(fd)
        raise


def independent(identity: str, cpuinfo: str) -> str:
    """Return why a timer may stand still together with the machine that it shall reset; empty when it does not.

    ``cpuinfo``: the text of /proc/cpuinfo, whose flags name a hypervisor on x86. A timer of the kernel itself and one
    that a hypervisor emulates both stop while the virtual machine is paused, and go on with it.
    """
    if identity == SOFTWARE:
        return "a timer of the kernel itself stands still with it"
    flags = next((line for line in cpuinfo.splitlines() if line.startswith("flags")), "")
    if "hypervisor" in flags.split():
        return "the timer of a virtual machine stands still while the machine is paused"
    return ""


class KernelWatchdog:
    """A driver of Linux, by an open descriptor. Raises BadConfig for what is no watchdog, or none that we can use."""

    def __init__(self, fd: int, timeout_s: int, ioctl: Ioctl | None = None) -> None:
        """``ioctl``: a test's driver in place of the kernel's."""
        self._fd, self._ioctl = fd, ioctl or _ioctl
        info = bytearray(INFO.size)
        self._ask(GETSUPPORT, info, "is no watchdog of Linux")
        options, _, name = INFO.unpack(info)
        self.identity = name.split(b"\0")[0].decode(errors="replace")
        if not options & MAGICCLOSE:
            raise BadConfig(f"{self.identity}: the driver stops its timer when the process that feeds it dies")
        number = bytearray(struct.pack("@i", timeout_s))
        self._ask(SETTIMEOUT, number, f"{self.identity} takes no time-out of {timeout_s} s")
        self._ask(GETTIMEOUT, number, f"{self.identity} does not tell its time-out")
        self.timeout_s: float = struct.unpack("@i", number)[0]
        self.weakness = independent(self.identity, _text(CPUINFO))
        self.can_disarm = _text(_folder(fd) / "nowayout").strip() != "1"

    def _ask(self, request: int, argument: bytearray, refusal: str) -> None:
        try:
            self._ioctl(self._fd, request, argument)
        except OSError as wrong:
            raise BadConfig(f"{refusal}: {wrong.strerror}") from None

    def feed(self) -> None:
        try:
            self._ioctl(self._fd, KEEPALIVE, bytearray(4))
        except OSError as wrong:
            raise PluginError(f"{self.identity} does not take what it is fed: {wrong.strerror}") from None

    def disarm(self) -> None:
        with contextlib.suppress(OSError):
            os.write(self._fd, MAGIC)
        os.close(self._fd)

    def abandon(self) -> None:
        os.close(self._fd)


class SocketWatchdog:
    """A timer of another program: a SEQPACKET socket, one word a message.

    We say ``timeout SECONDS`` and are answered ``armed SECONDS IDENTITY``, or the connection ends: somebody else has
    it. Then ``feed`` and ``disarm``, unanswered. An end of the connection without ``disarm`` leaves the timer running.
    """

    weakness = ""
    can_disarm = True

    def __init__(self, path: str, timeout_s: int) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        try:
            self._socket.settimeout(ANSWER_S)
            self._socket.connect(path)
            self._socket.send(f"timeout {timeout_s}".encode())
            word, seconds, self.identity = self._socket.recv(WORD_MAX).decode().split(" ", 2)
            self.timeout_s = float(seconds)
        except OSError as wrong:
            self._socket.close()
            raise Unreachable(f"{path}: no watchdog answers there: {wrong.strerror or wrong}") from None
        except ValueError:
            self._socket.close()
            raise Unreachable(f"{path}: the watchdog does not answer: another process has it") from None
        if word != "armed":
            self._socket.close()
            raise BadConfig(f"{path}: what answers there is no watchdog")

    def feed(self) -> None:
        self._say(b"feed")

    def disarm(self) -> None:
        with contextlib.suppress(PluginError):
            self._say(b"disarm")
        self._socket.close()

    def abandon(self) -> None:
        self._socket.close()

    def _say(self, word: bytes) -> None:
        try:
            self._socket.send(word, socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT)
        except OSError as wrong:
            raise PluginError(f"{self._path}: the watchdog is gone: {wrong.strerror}") from None


def _ioctl(fd: int, request: int, argument: bytearray) -> object:
    return fcntl.ioctl(fd, request, argument, True)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _folder(fd: int) -> Path:
    """Return where sysfs tells about this device."""
    device = os.fstat(fd).st_rdev
    if (os.major(device), os.minor(device)) == (10, MISC_MINOR):
        return SYSFS / "watchdog0"
    return Path(f"/sys/dev/char/{os.major(device)}:{os.minor(device)}")
