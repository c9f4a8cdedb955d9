"""A device that keeps the contract, and others that break it in one way each. Collected by the kit's own test only."""

from pathlib import Path
from typing import ClassVar

from heartbeat.plugin import (
    API_CURRENT,
    BadHost,
    Param,
    ParamKind,
    Params,
    PluginError,
    Power,
    ResetFailed,
    StonithDevice,
    TimedOut,
    match_host,
)
from heartbeat.testing.device import DeviceSimulator, Fault
from heartbeat.testing.stonith import StonithConformance


class Bank:
    """Outlets in memory: what a wire and a device would be."""

    def __init__(self) -> None:
        self.on = {"node1": True, "node2": True}
        self.fault: Fault | None = None


BANKS: dict[str, Bank] = {}


class Simulator(DeviceSimulator):
    faults = frozenset({Fault.SILENT, Fault.LIES, Fault.DENIES})

    def __init__(self) -> None:
        self._bank = BANKS["bank"] = Bank()

    def params(self) -> dict[str, str]:
        return {"bank": "bank", "password": "hunter2"}

    def hosts(self) -> list[str]:
        return list(self._bank.on)

    def is_on(self, host: str) -> bool:
        return self._bank.on[host]

    def misbehave(self, fault: Fault) -> None:
        self._bank.fault = fault

    def close(self) -> None:
        BANKS.clear()


class Good(StonithDevice):
    """Speaks to a bank of outlets in memory."""

    api = API_CURRENT
    title = "outlets in memory"
    params = (
        Param("bank", required=True, example="bank", help="Which bank."),
        Param("password", ParamKind.SECRET, help="Shown nowhere."),
    )

    def bank(self) -> Bank:
        bank = BANKS[self.settings.text("bank")]
        if bank.fault is Fault.SILENT:
            raise TimedOut("no answer")
        return bank

    def hosts(self) -> list[str]:
        return list(self.bank().on)

    def power(self, host: str) -> Power:
        bank = self.bank()
        return Power.ON if bank.on[match_host(host, bank.on)] else Power.OFF

    def switch(self, host: str, power: Power) -> None:
        if power is Power.UNKNOWN:
            raise ValueError(power)
        bank = self.bank()
        outlet = match_host(host, bank.on)
        if bank.fault is Fault.DENIES:
            raise ResetFailed("locked")
        if bank.fault is not Fault.LIES:
            bank.on[outlet] = power is Power.ON


class ByPrefix(Good):
    """Takes node10 for node1."""

    def power(self, host: str) -> Power:
        return super().power(self._meant(host))

    def switch(self, host: str, power: Power) -> None:
        super().switch(self._meant(host), power)

    def _meant(self, host: str) -> str:
        for name in self.bank().on:
            if host and host.lower().startswith(name):
                return name
        raise BadHost(host)


class Believes(Good):
    """Remembers what it ordered instead of asking."""

    ordered: ClassVar[dict[str, Power]] = {}

    def switch(self, host: str, power: Power) -> None:
        super().switch(host, power)
        self.ordered[host.lower()] = power

    def power(self, host: str) -> Power:
        read = super().power(host)
        return self.ordered.pop(host.lower(), read)


class SilenceIsOff(Good):
    """Reads no answer as off."""

    def power(self, host: str) -> Power:
        try:
            return super().power(host)
        except TimedOut:
            return Power.OFF


class Swallows(Good):
    """Reports no refusal."""

    def switch(self, host: str, power: Power) -> None:
        try:
            super().switch(host, power)
        except ResetFailed:
            return


class CaseMatters(Good):
    """Compares names letter by letter."""

    def switch(self, host: str, power: Power) -> None:
        if host not in self.bank().on:
            raise BadHost(host)
        super().switch(host, power)


class TooMuch(Good):
    """Switches the whole bank."""

    def switch(self, host: str, power: Power) -> None:
        super().switch(host, power)
        bank = self.bank()
        if bank.fault is None:
            bank.on = dict.fromkeys(bank.on, power is Power.ON)


class Leaks(Good):
    """Opens a file at each question and closes none."""

    kept: ClassVar[list[object]] = []

    def power(self, host: str) -> Power:
        self.kept.append(Path("/dev/null").open())  # noqa: SIM115 - that is the fault
        return super().power(host)


class Tells(Good):
    """Puts the password into an attribute, and so into every dump."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.login = params.secret("password").reveal()


class Undeclared(Good):
    """Its parameter has neither help nor example."""

    params = (Param("bank", required=True), Param("password", ParamKind.SECRET, help="Shown nowhere."))


class BareSecret(Good):
    """Its password is no secret."""

    params = (Good.params[0], Param("password", help="The password."))


class Vague(Good):
    """Raises what is no PluginError when the bank does not answer."""

    def bank(self) -> Bank:
        try:
            return super().bank()
        except PluginError as wrong:
            raise OSError(110, "timed out") from wrong


WRONG = (
    ByPrefix, Believes, SilenceIsOff, Swallows, CaseMatters, TooMuch, Leaks, Tells, Undeclared, BareSecret, Vague
)  # fmt: skip

for _device in (Good, *WRONG):
    globals()[f"Test{_device.__name__}"] = type(
        f"Test{_device.__name__}",
        (StonithConformance,),
        {"plugin": _device, "simulator": Simulator, "patience_s": 1.0, "__module__": __name__},
    )
