"""The simulated devices of a lab, as its controller has them: started, plugged into nodes, written into ha.cf."""

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from heartbeat.config.devices import DIRECTIVES
from heartbeat.lab.box_plan import BoxPlan, line_of, misfit
from heartbeat.lab.control import LabError
from heartbeat.lab.node import environment
from heartbeat.lab.plan import BadLab, words_of


class Box:
    """One device's process."""

    def __init__(self, plan: BoxPlan, power: Path) -> None:
        """Start it; raises LabError when it does not come up."""
        self.plan = plan
        argv = ["unshare", "--net", "--", sys.executable, "-m", "heartbeat.lab.box"]
        self._process = subprocess.Popen(
            [*argv, msgspec.json.encode(plan).decode(), str(power)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            cwd="/",
        )
        self._lock = threading.Lock()
        first = json.loads(self._hear() or '{"error": "its process died; see controller.log"}')
        if "error" in first:
            raise LabError(f"the simulated {plan.type} did not start: {first['error']}")
        self.params: dict[str, str] = first["params"]
        self.cable: str = first["cable"]

    def plug(self, node: str, pid: int) -> None:
        """Have a node reach it over its loopback."""
        with self._lock:
            self._say(f"plug {node} {pid}")
            said = self._hear().strip()
        if said != "ok":
            raise LabError(f"{node} cannot reach the simulated {self.plan.type}: {said or 'its process died'}")

    def unplug(self, node: str) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._say(f"unplug {node}")

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def _hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode()


class Boxes:
    """All devices of a lab."""

    def __init__(self, plans: Sequence[BoxPlan], power: Path) -> None:
        """Start them side by side. Raises LabError."""
        with ThreadPoolExecutor(len(plans) or 1) as pool:
            self.all = list(pool.map(lambda plan: Box(plan, power), plans))
        for box in self.all:
            if box.plan.tty and (wanted := misfit(box.plan, box.params, box.cable)):
                name, value = box.plan.told
                plugs = f"the lab's {box.plan.type} has other plugs"
                raise LabError(f"{plugs}: for it ha.cf would need {name} {wanted!r}, and has {value!r}")

    def fed(self) -> list[tuple[str, str]]:
        """Return each node with each of its relays."""
        return [(host, box.plan.relay) for box in self.all for host in box.plan.hosts]

    def ttys(self, node: str) -> dict[str, str]:
        """Return the serial ports of a node, by their names in ha.cf, and what is really there."""
        return {box.plan.tty: box.cable for box in self.all if box.plan.tty and node in box.plan.drivers}

    def plug(self, node: str, pid: int) -> None:
        """Connect a node that has just booted with the devices that it may reach over the network."""
        for box in self.all:
            if not box.cable and node in box.plan.drivers:
                box.plug(node, pid)

    def unplug(self, node: str) -> None:
        for box in self.all:
            box.unplug(node)

    def write(self, ha_cf: Path) -> None:
        """Put the lines of the devices that were asked for in the place of a file's own. Raises LabError."""
        asked = [box for box in self.all if not box.plan.tty]
        if not asked:
            return
        kept = [" ".join(words) for _, words in words_of(ha_cf) if words[0] not in DIRECTIVES]
        try:
            lines = [line_of(box.plan, box.params) for box in asked]
        except BadLab as wrong:
            raise LabError(str(wrong)) from None
        ha_cf.write_text("\n".join([*kept, "# The lab's devices:", *lines, ""]))

    def shown(self) -> list[str]:
        """Return a line about each device, for a person."""
        return [
            f"{box.plan.type} feeds {' '.join(box.plan.hosts)}, driven by {' '.join(box.plan.drivers)}"
            f" at {box.plan.tty or box.cable or 'its network address'}, relay {box.plan.relay}"
            for box in self.all
        ]
