"""What an agent or a device may know about the operation that it is part of, beyond its own parameters."""

import os
import re
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path

RESOURCE = "HB_RESOURCE"
ACTION = "HB_ACTION"
DEADLINE = "HB_DEADLINE"
TRACE = "HB_TRACE"
TRACE_FOLDER = "HB_TRACE_FOLDER"
STATE = "HB_STATE"
HOST_BOOT_ID = "HB_HOST_BOOT_ID"


@dataclass(frozen=True, slots=True)
class Occasion:
    """One operation, as the process that carries it out sees it. Most plugins never need it; runners of scripts do."""

    resource: str
    """The resource's or device's name in the configuration."""
    action: str
    """``probe``, ``monitor``, ``start``, ``stop``, ``promote``, ``demote``, ``hosts``, ``fence``, ``on``, ``power``.

    A probe and a monitor both end in ``monitor()``; this tells them apart.
    """
    deadline_s: float
    """Monotonic seconds (``time.monotonic``, the same clock in all processes) at which the process is ended."""
    trace: bool = False
    """True when somebody wants to see each step; a runner of scripts writes them to ``trace_file()``."""
    host_boot_id: str = ""
    """Boot id (``/proc/sys/kernel/random/boot_id``) that the host of a device's operation last told this cluster.

    Empty by hand, and for a host that was never heard. A device that switches something which runs on the host, and
    not its power, sees by it whether what it finds is of the life that is meant.
    """

    def left_s(self) -> float:
        """Return the seconds left until the deadline, never less than zero."""
        return max(0.0, self.deadline_s - time.monotonic())

    def trace_file(self) -> Path:
        """Make and return the file for the steps of this operation, readable by its owner only.

        It lies in HB_TRACE_FOLDER, else in the folder ``trace`` of the node's state. Raises OSError.
        """
        state = os.environ.get(STATE) or "/var/lib/heartbeat"
        folder = Path(os.environ.get(TRACE_FOLDER) or f"{state}/trace")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = re.sub(r"[^A-Za-z0-9.-]+", "_", self.resource).strip("_.")[:80] or "resource"
        file = folder / f"{name}.{self.action}.{time.strftime('%Y-%m-%dT%H.%M.%S')}.{os.getpid()}"
        file.touch(mode=0o600)
        return file

    def announce(self, environment: MutableMapping[str, str]) -> None:
        """Write this occasion into an environment; ``occasion()`` reads it there, in this process or a child."""
        environment[RESOURCE] = self.resource
        environment[ACTION] = self.action
        environment[DEADLINE] = repr(self.deadline_s)
        environment[TRACE] = "1" if self.trace else ""
        environment[HOST_BOOT_ID] = self.host_boot_id


def occasion() -> Occasion:
    """Return the operation under way in this process; outside the executor one without name and with 60 s left."""
    return Occasion(
        os.environ.get(RESOURCE, ""),
        os.environ.get(ACTION, ""),
        float(os.environ.get(DEADLINE) or time.monotonic() + 60.0),
        bool(os.environ.get(TRACE)),
        os.environ.get(HOST_BOOT_ID, ""),
    )
