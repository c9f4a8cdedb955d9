"""One simulated device of a lab, in a process and a network of its own. Run by the controller:

    python -m heartbeat.lab.box PLAN POWER_SOCKET

PLAN is a ``BoxPlan`` as JSON. First it says one line of JSON: ``params``, with which the driver reaches it, and
``cable``, its serial port; or ``error``. Then it takes lines: ``plug NODE PID``, answered by ``ok`` when the node
reaches it, and ``unplug NODE``. It ends with its standard input. Its relays are the lab's.
"""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys

import msgspec

from heartbeat.lab.box_plan import BoxPlan
from heartbeat.lab.cable import Cables
from heartbeat.testing.outlets import Outlets
from heartbeat.testing.serial_line import SerialSimulator
from heartbeat.testing.simulators import NoSimulator, simulator_of


class LabRelays(Outlets):
    """Outlets that switch the lab's nodes, through its power socket; the device's mood is the lab's affair."""

    def __init__(self, names: tuple[str, ...], relay: str, power: str) -> None:
        super().__init__(names)
        self._relay, self._power = relay, power

    def order(self, outlet: int, *, on: bool) -> bool:
        self.journal.append((outlet, on))
        return self._ask("on" if on else "off", outlet) == "ok"

    def turn(self, outlet: int, *, on: bool) -> None:
        self.order(outlet, on=on)

    def has_power(self, outlet: int) -> bool:
        """Return what the relay lets through. A lab that is just ending answers nothing: nobody asks any more."""
        return self._ask("status", outlet) != "ok off"

    def _ask(self, order: str, outlet: int) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as talk, contextlib.suppress(OSError):
            talk.connect(self._power)
            talk.sendall(f"{order} {self.names[outlet]} {self._relay}\n".encode())
            return talk.makefile().readline().strip()
        return ""


async def serve(cables: Cables) -> None:
    """Take the controller's orders until its end of the pipe is closed."""
    orders = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        match line.decode().split():
            case ["plug", node, pid]:
                try:
                    await cables.plug(node, int(pid))
                except OSError as wrong:
                    _say(f"error {wrong}")  # the node is off again
                else:
                    _say("ok")
            case ["unplug", node]:
                cables.unplug(node)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    plan = msgspec.json.decode(sys.argv[1], type=BoxPlan)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    try:
        made = simulator_of(plan.type).feeding(LabRelays(plan.hosts, plan.relay, sys.argv[2]))
    except NoSimulator as wrong:
        _say(json.dumps({"error": str(wrong)}))
        return
    cable = made.line.path if isinstance(made, SerialSimulator) else ""
    _say(json.dumps({"params": made.params(), "cable": cable}))
    asyncio.run(serve(Cables()))


if __name__ == "__main__":
    main()
