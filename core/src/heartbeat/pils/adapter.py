"""A class that was written for the previous version of its contract, as one of this version.

The adapter promises what the old contract did and not a bit more: a device of version 0 cannot be asked for a power
state, so it proves nothing by itself and never protects shared data.
"""

from typing import Any, ClassVar

from heartbeat.plugin import v0
from heartbeat.plugin.errors import (
    AccessDenied,
    BadConfig,
    BadHost,
    OutletOff,
    PluginError,
    ResetFailed,
    TimedOut,
    Unsupported,
)
from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.param import Params
from heartbeat.plugin.ra import Health, ResourceAgent
from heartbeat.plugin.stonith import Power, StonithDevice

_ERRORS = {
    error.s_code: error
    for error in (BadConfig, AccessDenied, Unsupported, BadHost, ResetFailed, TimedOut, OutletOff, PluginError)
}
"""S_* number to the error that says the same."""

_DECLARED = ("title", "docs_url", "params", "positional", "extra_params", "test_only", "__doc__", "__module__")


class _OldDevice(StonithDevice):
    old: ClassVar[type[v0.StonithDevice]]
    can_read_power = False

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self._device = self.old(params)

    def hosts(self) -> list[str]:
        hosts = self._device.get_hostlist()
        if hosts is None:
            raise PluginError(f"{self.title}: it cannot tell which hosts it switches")
        return list(hosts)

    def power(self, host: str) -> Power:
        return Power.UNKNOWN

    def switch(self, host: str, power: Power) -> None:
        if power is Power.UNKNOWN:
            raise ValueError("a host is switched on or off")
        request = v0.Request.POWERON if power is Power.ON else v0.Request.POWEROFF
        self._judged(self._device.reset_req(request, host), f"{request.name} of {host}")

    def status(self) -> None:
        self._judged(self._device.status(), "status")

    def _judged(self, code: int, what: str) -> None:
        if code != 0:
            raise _ERRORS.get(code, PluginError)(f"{self.title}: {what} ended with {code}")


class _OldAgent(ResourceAgent):
    old: ClassVar[type[v0.ResourceAgent]]

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self._agent = self.old(params)

    def start(self) -> None:
        self._judged(self._agent.start(), "start")

    def stop(self) -> None:
        self._judged(self._agent.stop(), "stop")

    def monitor(self) -> Health:
        return {0: Health.RUNNING, 3: Health.STOPPED}.get(self._agent.status(), Health.FAILED)

    def _judged(self, code: int, what: str) -> None:
        if code != 0:
            raise PluginError(f"{self.title}: {what} ended with {code}")


def adapted_device(old: type[Plugin]) -> type[Plugin]:
    """Return a device of version 1 made of one of version 0."""
    return _made(_OldDevice, old)


def adapted_agent(old: type[Plugin]) -> type[Plugin]:
    """Return an agent of version 1 made of one of version 0."""
    return _made(_OldAgent, old)


def _made(adapter: type[Plugin], old: type[Plugin]) -> type[Plugin]:
    declared: dict[str, Any] = {name: getattr(old, name) for name in _DECLARED}
    return type(old.__name__, (adapter,), {**declared, "api": old.api, "old": old, "warm": old.warm})
