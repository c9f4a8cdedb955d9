"""The machine's watchdog in the guard's hands: opened by the first permission to feed, and fed by permissions alone.

The guard outlives daemon and executor, and never feeds by itself: each feeding is one word of the process that steps
the kernel, and void when it comes late. A guard that dies leaves the timer running; its successor opens the device
again with the next word.
"""

import contextlib
import logging
import time
from collections.abc import Callable

from heartbeat.plugin.errors import PluginError
from heartbeat.plugin.watchdog import Watchdog, open_watchdog
from heartbeat.wire.executor import Armed

AGAIN_S = 1.0
"""After an opening that failed."""

_log = logging.getLogger("heartbeat.executor")


class Feeding:
    """One device, or none. ``told`` gets what is known of it, at each change."""

    def __init__(
        self,
        path: str,
        timeout_s: int,
        told: Callable[[Armed], None],
        opened: Callable[[str, int], Watchdog] = open_watchdog,
    ) -> None:
        """``path``: empty for none; ``opened``: what opens it."""
        self._path, self._timeout_s, self._told, self._opened = path, timeout_s, told, opened
        self._device: Watchdog | None = None
        self._not_before_s = 0.0
        self._said: Armed | None = None

    def feed(self, until_s: float) -> None:
        """Feed the device unless it is later than that (monotonic); open it when it is not."""
        if not self._path or time.monotonic() > until_s:
            return
        try:
            if self._device is not None:
                self._device.feed()
            elif time.monotonic() >= self._not_before_s:
                self._open()
        except PluginError as wrong:
            self._lost(str(wrong))

    def _open(self) -> None:
        device = self._device = self._opened(self._path, self._timeout_s)
        if not device.can_disarm:
            _log.warning("%s: this machine is reset after heartbeat has left, too (nowayout)", device.identity)
        self._say(Armed(device.identity, device.timeout_s, device.weakness))

    def _lost(self, problem: str) -> None:
        """It is tried again, for as long as there are permissions: the timer may run on without us."""
        self._not_before_s = time.monotonic() + AGAIN_S
        if self._device is not None:
            with contextlib.suppress(OSError):
                self._device.abandon()
        self._device = None
        if self._said is None or self._said.problem != problem:
            _log.error("the watchdog is not fed: %s", problem)
        self._say(Armed("", 0.0, problem=problem))

    def _say(self, known: Armed) -> None:
        if known != self._said:
            self._said = known
            self._told(known)

    def disarm(self) -> None:
        """This node has left in order and holds nothing: stop the timer."""
        if self._device is not None:
            self._device.disarm()
            self._device = None
        self._path = ""
