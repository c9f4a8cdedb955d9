"""The simulator: machines, each with a watchdog and a receiver, and one disk, to which the plugin has another path."""

import contextlib
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from heartbeat.testing.device import DeviceSimulator, Fault

from heartbeat_stonith_sbd.creation import Plan, create
from heartbeat_stonith_sbd.disk_set import DiskSet
from heartbeat_stonith_sbd.layout import Phase
from heartbeat_stonith_sbd.receiver import Node, Receiver
from heartbeat_stonith_sbd.simulator_disk import DISK_FAULTS, FaultyDisk, can_mount

WATCHDOG_S, INTERVAL_S = 1.5, 0.02
SIZE = 64 * 4096
HOSTS = ("node1", "node2", "other")
"""None begins like another: the kit would switch those on again, which no disk can."""
PATIENCE_S = 10.0


class Machine:
    """A machine: its watchdog, which is also its power, and the receiver that feeds it. Boots once."""

    identity, can_disarm = "simulated watchdog", True

    def __init__(self, name: str, disks: Sequence[str], watchdog_s: float = WATCHDOG_S) -> None:
        self.node = Node(name, uuid.uuid4())
        self.timeout_s, self.weakness = watchdog_s, ""
        self._fed_s = float("inf")
        """Until it is armed, nothing resets it."""
        self._is_cut = threading.Event()
        self.disks = DiskSet(disks, PATIENCE_S)
        self.receiver = Receiver(self.disks, self.node, lambda _: self)
        self._thread = threading.Thread(target=self._run, name=f"receiver of {name}", daemon=True)

    @property
    def is_on(self) -> bool:
        return not self._is_cut.is_set() and time.monotonic() < self._fed_s + self.timeout_s

    def boot(self) -> None:
        """Start the receiver."""
        self.receiver.begin()
        self.feed()
        self._thread.start()

    def cut(self) -> None:
        """Pull the plug: nobody answers any more."""
        self._is_cut.set()
        if self._thread.ident:
            self._thread.join(PATIENCE_S)

    def close(self) -> None:
        self.cut()
        self.disks.close()

    def _run(self) -> None:
        while self.is_on:
            self.receiver.round()
            self._is_cut.wait(INTERVAL_S)

    # Its watchdog.

    def feed(self) -> None:
        self._fed_s = time.monotonic()

    def disarm(self) -> None:
        self._fed_s = float("inf")

    def abandon(self) -> None:
        """Nothing: it runs on."""


class SharedDisk(DeviceSimulator):
    """Three machines and one disk. With root and /dev/fuse the disk can also misbehave; otherwise it is a file."""

    faults = DISK_FAULTS if can_mount() else frozenset()

    def __init__(self) -> None:
        with tempfile.NamedTemporaryFile(prefix="hb-shared-disk-", delete=False) as made:
            made.truncate(SIZE)
        self.file = Path(made.name)
        create([made.name], Plan(HOSTS, WATCHDOG_S, 2 * WATCHDOG_S, INTERVAL_S), overwrite=False)
        self.machines = {name: Machine(name, [made.name]) for name in HOSTS}
        for machine in self.machines.values():
            machine.boot()
        self.disk = FaultyDisk(self.file) if can_mount() else None

    def params(self) -> dict[str, str]:
        path = self.disk.path if self.disk else str(self.file)
        return {"disks": path, "msgwait": str(2 * WATCHDOG_S), "timeout": "5"}

    def hasty_params(self) -> dict[str, str]:
        return self.params() | {"timeout": "300ms"}

    def hosts(self) -> list[str]:
        return list(HOSTS)

    def is_on(self, host: str) -> bool:
        """Return the truth; a machine whose receiver has stopped feeding is as good as off in a moment: wait for it."""
        machine = self.machines[host]
        while machine.receiver.phase is Phase.DYING and machine.is_on:
            time.sleep(INTERVAL_S)
        return machine.is_on

    def misbehave(self, fault: Fault) -> None:
        assert self.disk is not None
        self.disk.fault = fault

    def close(self) -> None:
        if self.disk:
            self.disk.close()
        for machine in self.machines.values():
            machine.close()
        with contextlib.suppress(OSError):
            self.file.unlink()
