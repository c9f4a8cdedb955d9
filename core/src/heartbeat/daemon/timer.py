"""An exact timer in the event loop: a Linux timerfd, because epoll's own time-outs are rounded to milliseconds.

Python has ``os.timerfd_create`` from 3.13 on; until then the two calls go through the C library.
"""

import ctypes
import math
import os
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable

_TFD_TIMER_ABSTIME = 1
"""linux/timerfd.h"""
_NANO = 1_000_000_000


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _TimerSpec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class ExactTimer:
    """Calls back once at a time of the monotonic clock; arming again replaces the time."""

    def __init__(self, loop: AbstractEventLoop, on_time: Callable[[], None]) -> None:
        self._loop = loop
        self._on_time = on_time
        self._at_s: float | None = None
        libc = ctypes.CDLL(None, use_errno=True)
        self._settime = libc.timerfd_settime
        self._fd: int = libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        self._spec = _TimerSpec()
        self._spec_at = ctypes.byref(self._spec)
        loop.add_reader(self._fd, self._fired)

    def arm(self, at_s: float) -> None:
        """Call back at this monotonic time; at once when it has passed; never when it is infinite."""
        if at_s == self._at_s:
            return
        self._at_s = at_s
        # Rounded up, so that the clock has reached the time when we are called; 0 would disarm.
        nanoseconds = max(1, math.ceil(at_s * _NANO)) if math.isfinite(at_s) else 0
        self._spec.value.seconds, self._spec.value.nanoseconds = divmod(nanoseconds, _NANO)
        if self._settime(self._fd, _TFD_TIMER_ABSTIME, self._spec_at, None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime failed")

    def close(self) -> None:
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _fired(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return  # armed anew between the wake-up and this call
        self._at_s = None
        self._on_time()
