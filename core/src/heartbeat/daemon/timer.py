"""An exact timer in the event loop: a Linux timerfd, because epoll's own time-outs are rounded to milliseconds.

Python has ``os.timerfd_create`` from 3.13 on; until then the two calls go through the C library.
"""

import ctypes
import math
import os
import struct
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable

_TFD_TIMER_ABSTIME = 1
"""linux/timerfd.h"""
_NANO = 1_000_000_000
_ITIMERSPEC = struct.Struct("@llll")
"""Interval and first time, in seconds and nanoseconds: timerfd_settime(2)."""


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
        self._spec = ctypes.create_string_buffer(_ITIMERSPEC.size)
        loop.add_reader(self._fd, self._fired)

    def arm(self, at_s: float) -> None:
        """Call back at this monotonic time; at once when it has passed; never when it is infinite."""
        if at_s == self._at_s:
            return
        self._at_s = at_s
        if at_s <= time.monotonic():  # half of the work of a wake-up, and nothing of it has left the caches yet
            self._loop.call_soon(self._due, at_s)
            return
        # Rounded up, so that the clock has reached the time when we are called; 0 disarms.
        nanoseconds = math.ceil(at_s * _NANO) if math.isfinite(at_s) else 0
        _ITIMERSPEC.pack_into(self._spec, 0, 0, 0, *divmod(nanoseconds, _NANO))
        if self._settime(self._fd, _TFD_TIMER_ABSTIME, self._spec, None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime failed")

    def close(self) -> None:
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _due(self, at_s: float) -> None:
        if at_s == self._at_s and self._fd >= 0:
            self._at_s = None
            self._on_time()

    def _fired(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return  # armed anew between the wake-up and this call
        self._at_s = None
        self._on_time()
