"""The relays of a simulated device: the truth, kept apart from what the device tells. Needs no pytest."""

import threading
import time
from collections.abc import Sequence
from typing import ClassVar, Self

from heartbeat.testing.device import DeviceSimulator, Fault

RELAY_S = 1.0
"""How long a slow relay takes: ``Fault.SLOW``."""
RELAY_FAULTS = frozenset({Fault.DENIES, Fault.LIES, Fault.SLOW})
"""Those that ``Outlets`` plays; all others are the line's."""


class Outlets:
    """Numbered outlets, each with the name of the host that it feeds; two of one name feed one host.

    >>> outlets = Outlets(["node1", "node2", "node1"])
    >>> outlets.order(1, on=False)
    True
    >>> outlets.is_on("node1"), outlets.has_power(1), outlets.of("node1")
    (True, False, [1, 3])
    >>> outlets.fault = Fault.LIES
    >>> outlets.order(2, on=False), outlets.is_on("node2")
    (True, True)
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = dict(enumerate(names, 1))
        self.fault: Fault | None = None
        self.journal: list[tuple[int, bool]] = []
        """Every order that was heard, with what was asked; also those that were refused or lied about."""
        self._lock = threading.Lock()
        self._on = dict.fromkeys(self.names, True)
        self._later: list[tuple[float, int, bool]] = []

    def order(self, outlet: int, *, on: bool) -> bool:
        """Hear an order; False when the device must refuse it."""
        with self._lock:
            self.journal.append((outlet, on))
            match self.fault:
                case Fault.DENIES:
                    return False
                case Fault.SLOW:
                    self._later.append((time.monotonic() + RELAY_S, outlet, on))
                case Fault.LIES:
                    pass
                case _:
                    self._on[outlet] = on
            return True

    def turn(self, outlet: int, *, on: bool) -> None:
        """Switch one outlet by hand, whatever the fault."""
        with self._lock:
            self._on[outlet] = on

    def has_power(self, outlet: int) -> bool:
        """Return the truth about one outlet."""
        with self._lock:
            now_s = time.monotonic()
            for due in [it for it in self._later if it[0] <= now_s]:
                self._later.remove(due)
                self._on[due[1]] = due[2]
            return self._on[outlet]

    def of(self, host: str) -> list[int]:
        """Return the outlets of a host."""
        return [number for number, name in self.names.items() if name == host]

    def is_on(self, host: str) -> bool:
        """Has the host power from any of its outlets?"""
        return any(self.has_power(outlet) for outlet in self.of(host))

    def hosts(self) -> list[str]:
        """Return the names, each once."""
        return list(dict.fromkeys(self.names.values()))


class OutletSimulator(DeviceSimulator):
    """A simulator of a device with outlets: answers the kit from ``relays``.

    Its constructor takes ``relays`` as a keyword, none for the kit's own. Announced by an entry point of the group
    ``heartbeat.simulators`` under the name of the device's type, it stands in ``hb lab`` as well, with the lab's
    relays, which switch nodes: so it must name its hosts, in ``params`` too, as its relays do.
    """

    hosts_max: ClassVar[int] = 0
    """Most hosts that one such device feeds, as 1 of a box with one outlet; 0: as many as there are."""

    def __init__(self, relays: Outlets | None = None) -> None:
        self.relays = relays or Outlets(["node1", "node10", "twin", "twin"])

    @classmethod
    def feeding(cls, relays: Outlets) -> Self:
        """Return one whose outlets are these."""
        return cls(relays=relays)

    def hosts(self) -> list[str]:
        return self.relays.hosts()

    def is_on(self, host: str) -> bool:
        return self.relays.is_on(host)

    def outlets(self, host: str) -> list[int]:
        return self.relays.of(host)

    def turn(self, outlet: int, *, on: bool) -> None:
        self.relays.turn(outlet, on=on)
