"""A STONITH plugin as a fence agent: what the executables of ``hb export fence-agent`` call.

Each order takes the path that it takes in our own cluster: a child with a deadline, and for off a reading back. An exit
status of 0 makes Pacemaker start elsewhere what the host had, so what nobody proved is no 0.
"""

import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from heartbeat.cli.export_fence_words import Order, action_of, order_of, words_of_options, words_of_stdin
from heartbeat.executor.byhand import run_by_hand
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.proof import Proof
from heartbeat.pils.export_fence import ACTIONS, fence_metadata
from heartbeat.pils.registry import PluginRegistry
from heartbeat.plugin.errors import PluginError
from heartbeat.plugin.stonith import StonithDevice
from heartbeat.wire.executor import Run

OK, FAILED, IS_OFF = 0, 1, 2
"""Exit statuses of fence-agents; the last is for ``status`` alone."""

_STATES = {Outcome.RUNNING: "ON", Outcome.STOPPED: "OFF"}
_ON_PLUGS = ("on", "off", "reboot", "status")


def main(driver: str) -> NoReturn:
    """Do what standard input or the options say, and end the process with the status of a fence agent."""
    signal.signal(signal.SIGTERM, _give_up)  # a cluster whose patience is over; the order must not go on alone
    name = Path(sys.argv[0]).name
    try:
        sys.exit(_FenceAgent(driver, name).run(sys.argv[1:]))
    except KeyboardInterrupt:
        print("Failed: ended from outside before the device had answered", file=sys.stderr)
    except (LookupError, PluginError, ValueError) as wrong:
        print(f"Failed: {wrong}", file=sys.stderr)
    sys.exit(FAILED)


def _give_up(_: int, __: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


class _FenceAgent:
    """One call."""

    def __init__(self, driver: str, name: str) -> None:
        self._registry = PluginRegistry()
        self._driver = driver
        self._name = name
        device = self._registry.load("stonith", driver)
        assert issubclass(device, StonithDevice)
        self._device = device

    def run(self, options: Sequence[str]) -> int:
        """Return the exit status. Raises ValueError, LookupError and PluginError for what was not tried."""
        words = words_of_options(options) if options else words_of_stdin(sys.stdin)
        action = action_of(words)
        match action:
            case "metadata":
                print(fence_metadata(self._device, self._name), end="")
                return OK
            case "help" | "version":
                print(f"{self._name}: {self._device.title}, a plugin of heartbeat ({self._driver})")
                return OK
        if action not in ACTIONS:
            raise ValueError(f"{action!r} is no action; {', '.join(ACTIONS)} are")
        order = order_of(self._device, words)
        if action in _ON_PLUGS and not order.plugs:
            raise ValueError(f"{action} needs plug, the host that is meant")
        return self._carry_out(order)

    def _carry_out(self, order: Order) -> int:
        match order.action:
            case "validate-all":
                return OK
            case "monitor":
                return self._told(self._ask(order, Action.STATUS), "")
            case "list" | "list-status":
                return self._list(order)
            case "status":
                return self._status(order)
            case "on":
                return self._on(order)
        time.sleep(order.delay_s)
        if not self._off(order):
            return FAILED
        if order.action == "off":
            print("Success: Powered OFF")
            return OK
        if self._on(order, "Success: Rebooted") != OK:
            # Off was proved, and that is what a cluster waits for.
            print("the host was off, and is not known to be on again", file=sys.stderr)
        return OK

    def _off(self, order: Order) -> bool:
        """Switch all off, then make sure that they are so together: a host with two power supplies has two plugs."""
        for plug in order.plugs:
            result = self._ask(order, Action.FENCE, plug)
            if result.outcome is not Outcome.DONE:
                self._told(result, "")
                return False
            if result.proof < Proof.SELF_FENCED and not order.accept_unproved:
                print(f"Failed: {plug}: {result.detail}: nothing proves that it is off", file=sys.stderr)
                return False
        if len(order.plugs) == 1 or not self._device.can_read_power:
            return True
        on_again = [plug for plug in order.plugs if self._ask(order, Action.POWER, plug).outcome is not Outcome.STOPPED]
        if on_again:
            print(f"Failed: {', '.join(on_again)} did not stay off until the others were", file=sys.stderr)
        return not on_again

    def _on(self, order: Order, success: str = "Success: Powered ON") -> int:
        results = [self._ask(order, Action.ON, plug) for plug in order.plugs]
        bad = next((result for result in results if result.outcome is not Outcome.DONE), None)
        return self._told(bad or results[0], success)

    def _status(self, order: Order) -> int:
        """Off when all plugs are off, on when any is on, and a failure when that is not known."""
        results = [self._ask(order, Action.POWER, plug) for plug in order.plugs]
        outcomes = {result.outcome for result in results}
        if Outcome.RUNNING in outcomes:
            print("Status: ON")
            return OK
        if outcomes == {Outcome.STOPPED}:
            print("Status: OFF")
            return IS_OFF
        return self._told(next(result for result in results if result.outcome is not Outcome.STOPPED), "")

    def _list(self, order: Order) -> int:
        found = self._ask(order, Action.HOSTS)
        if found.outcome is not Outcome.DONE:
            return self._told(found, "")
        for host in found.hosts:
            state = ""
            if order.action == "list-status":
                state = f",{_STATES.get(self._ask(order, Action.POWER, host).outcome, 'UNKNOWN')}"
            print(f"{host},{state}")
        return OK

    def _ask(self, order: Order, action: Action, host: str = "") -> Result:
        result = run_by_hand(
            Run(1, "stonith", self._driver, self._name, dict(order.params), action, order.limit_s, host), self._registry
        )
        if result.output:
            print(result.output.rstrip("\n"), file=sys.stderr)
        return result

    def _told(self, result: Result, success: str) -> int:
        if result.outcome is Outcome.DONE:
            if success:
                print(success)
            return OK
        print(f"Failed: {result.detail or result.outcome.value}", file=sys.stderr)
        return FAILED
