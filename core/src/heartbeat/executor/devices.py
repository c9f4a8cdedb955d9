"""Actions on a STONITH device, inside the child of one operation: off, read back, and what that proves."""

import time

from heartbeat.executor.inspecting import inspect
from heartbeat.executor.verdict import Refused, judge, one_line
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.proof import Proof
from heartbeat.plugin import (
    AccessDenied,
    BadConfig,
    BadHost,
    NotInstalled,
    Power,
    StonithDevice,
    TimedOut,
    Unreachable,
)

ACTIONS = (Action.HOSTS, Action.STATUS, Action.LOOK, Action.CHECK, Action.POWER, Action.ON, Action.FENCE)
ABOUT_ITSELF = (Action.HOSTS, Action.STATUS, Action.LOOK, Action.CHECK)
"""Of these none is about a single host."""

FIRST_PAUSE_S = 0.02
"""Between two readings; grows by half each time."""
LONGEST_PAUSE_S = 1.0

MARGIN_S = 0.3
"""The last reading ends so much before the deadline, so that "still on" is told before the process is ended."""

NOTHING_SENT = (BadHost, BadConfig, NotInstalled, Unreachable, AccessDenied)
"""Errors of ``switch`` after which the host's power cannot have changed; after any other it is read."""

_OUTCOMES = {
    Power.ON: (Outcome.RUNNING, "on"),
    Power.OFF: (Outcome.STOPPED, "off"),
    Power.UNKNOWN: (Outcome.UNKNOWN, "the device cannot say"),
}


class DeviceWork:
    """One action of one device. ``host``: the target of FENCE, ON and POWER, the nodes to look at of LOOK and CHECK."""

    def __init__(self, device: StonithDevice, action: Action, host: str) -> None:
        if action not in ACTIONS:
            raise Refused(f"a STONITH device cannot do {action.value!r}; that is for resource agents")
        if action not in ABOUT_ITSELF:
            _check_host(device, host)
        self._device = device
        self._action = action
        self._host = host
        self.deadline_s = float("inf")
        """Monotonic seconds; set when the operation may act."""

    def prepare(self) -> None:
        """Nothing: a device is not spoken to before it is its turn."""

    def act(self) -> Result:
        match self._action:
            case Action.HOSTS:
                return Result(Outcome.DONE, hosts=tuple(self._device.hosts()))
            case Action.STATUS:
                self._device.status()
                return Result(Outcome.DONE, "the device answers and lets us in")
            case Action.LOOK | Action.CHECK:
                until_s, thorough = self.deadline_s - MARGIN_S, self._action is Action.CHECK
                seen = inspect(self._device, self._host.split(), until_s, with_refusals=thorough)
                return Result(Outcome.DONE, inspection=seen)
            case Action.POWER:
                power = self._device.power(self._host)
                outcome, said = _OUTCOMES[power]
                return Result(outcome, said, proof=self._proof_of(power))
            case Action.FENCE:
                return self._switch(Power.OFF)
            case Action.ON:
                return self._switch(Power.ON)
            case _:
                raise AssertionError(self._action)

    def follow_up(self) -> None:
        """Nothing is left to do."""

    def _switch(self, wanted: Power) -> Result:
        """Order it, then read until it is so: an acknowledgement is no proof, and an error is no proof either."""
        problem: Exception | None = None
        try:
            self._device.switch(self._host, wanted)
        except NOTHING_SENT:
            raise
        except Exception as error:  # noqa: BLE001 - after whatever went wrong, only the device knows
            problem = error
        if not self._device.can_read_power:
            return judge(problem, type(self._device)) if problem else _asked(wanted)
        patience_s = self.deadline_s - MARGIN_S if problem is None or isinstance(problem, TimedOut) else 0.0
        return self._read_back(wanted, patience_s, problem)

    def _read_back(self, wanted: Power, until_s: float, problem: Exception | None) -> Result:
        """Read at once, then with growing pauses. An error while reading is tried again: the line may come back."""
        pause_s = FIRST_PAUSE_S
        while True:
            reading, trouble = self._read()
            if reading is wanted:
                return Result(Outcome.DONE, self._how(wanted), proof=self._proof_of(wanted))
            if time.monotonic() + pause_s >= until_s:
                return self._given_up(reading, trouble, problem)
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)

    def _proof_of(self, power: Power) -> Proof:
        """Return what this power, read from the device, proves."""
        if power is not Power.OFF:
            return Proof.NONE
        return Proof.SELF_FENCED if self._device.resets_itself else Proof.READ_BACK

    def _how(self, power: Power) -> str:
        if power is Power.OFF and self._device.resets_itself:
            return f"the watchdog of {self._host} has reset it"
        return f"{self._host} reads {power.value}"

    def _read(self) -> tuple[Power, str]:
        try:
            return self._device.power(self._host), ""
        except Exception as error:  # noqa: BLE001 - one failed reading must not end the reading
            return Power.UNKNOWN, judge(error, type(self._device)).detail

    def _given_up(self, reading: Power, trouble: str, problem: Exception | None) -> Result:
        told = f"; the order itself failed: {judge(problem, type(self._device)).detail}" if problem else ""
        if reading is not Power.UNKNOWN:
            return Result(Outcome.FAILED, one_line(f"{self._host} is still {reading.value}{told}"))
        why = trouble or "the device cannot say"
        return Result(Outcome.UNKNOWN, one_line(f"the power of {self._host} could not be read back: {why}{told}"))


def _asked(wanted: Power) -> Result:
    how = f"the device took the order {wanted.value}; it cannot be asked"
    return Result(Outcome.DONE, how, proof=Proof.ASKED if wanted is Power.OFF else Proof.NONE)


def _check_host(device: StonithDevice, host: str) -> None:
    """Refuse a host that the device's parameters do not name. One that only the device knows is left to it."""
    if not host:
        raise Refused("no host was named")
    known = device.configured_hosts(device.settings)
    if known is not None and host.lower() not in (name.lower() for name in known):
        raise Refused(f"{host} is not one of this device's hosts ({', '.join(known) or 'none'})")
