"""The driver: one fence agent as a STONITH device, its "off" read back in a run of its own."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from heartbeat.plugin import (
    AccessDenied,
    BadConfig,
    Param,
    ParamKind,
    Params,
    PluginError,
    Power,
    ResetFailed,
    StonithDevice,
    TimedOut,
    Unreachable,
    Unsupported,
)
from heartbeat.plugin.secret import Secret

from heartbeat_stonith_fence_agents import metadata
from heartbeat_stonith_fence_agents.doubts import doubt, refuse_misleading
from heartbeat_stonith_fence_agents.plugs import SAY_WHICH, SEPARATOR, Plugs, names_of, parse_list, plugs_of

if TYPE_CHECKING:
    from heartbeat.plugin.program import Ended

    from heartbeat_stonith_fence_agents.program import FenceProgram

OK, OFF = 0, 2
"""Exit statuses: done, or on; off, as the answer to ``status`` alone. Everything else is an error."""

_SAYS_OFF = re.compile(r"^\W*status\W+off\b", re.IGNORECASE | re.MULTILINE)

_ERRORS: tuple[tuple[str, type[PluginError]], ...] = (
    ("unable to connect/login", Unreachable),
    ("connection timed out", TimedOut),
    ("connection lost", TimedOut),
    ("correct privileges", AccessDenied),
    ("you have to", BadConfig),
    ("unrecognised action", Unsupported),
)
"""What fencing.py (fence-agents 4.12) says before it ends with 1, whatever happened, and which error that is."""


class FenceAgent(StonithDevice):
    """A fence agent, a program of fence-agents or of a vendor, run for each question and each order.

    Its parameters reach it on stdin, never in its arguments. Its word that a machine is off counts for nothing: the
    driver asks for the status in a run of its own, and believes "off" only when exit status and text both say so,
    for a broken program ends with the same status. Agents that cut a machine off from a network or a storage fabric,
    and those that switch nothing, are used and never prove that a machine is off.
    """

    api = 1
    title = "fence agent of this host"
    docs_url = "https://github.com/ClusterLabs/fence-agents/blob/main/doc/FenceAgentAPI.md"
    worst_off_s = 15.0
    """Two runs, each with a log-in of at most 5 s (login_timeout of fence-agents), and a relay that takes its time."""
    params = (
        Param(
            "agent", ParamKind.PATH, required=True, example="/usr/sbin/fence_apc",
            help="The program. Everything that is not in this table is a parameter of the agent itself.",
        ),
        Param(
            "hostlist", ParamKind.HOSTS, example="node1 node2",
            help="The nodes that it switches. Needed for an agent with one machine; else the device's own list counts.",
        ),
        Param(
            "outlets", ParamKind.HOSTMAP, example="node1=1,node2=2+3",
            help="Which plugs are which node's; two power supplies joined by +.",
        ),
        Param(
            "agent_timeout", ParamKind.SECONDS, default=40.0, minimum=0.1, maximum=600, unit="s", example="40",
            help="Limit of one run; then the agent and everything that it has started are ended.",
        ),
    )  # fmt: skip
    extra_params = True

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self._pairs: list[tuple[str, str]] | None = None
        """The device's list of plugs and names, read once: this object lives for one operation."""

    @classmethod
    def warm(cls) -> None:
        """Import what runs programs and reads meta-data."""
        from xml.etree import ElementTree as ET  # noqa: F401 - for the forked children

        import heartbeat.plugin.program  # noqa: F401

    @classmethod
    def configured_hosts(cls, params: Params) -> tuple[str, ...] | None:
        """Return the nodes that the parameters name; None when only the device knows.

        Asks the agent for its meta-data. Raises BadConfig when it cannot be meant so, NotInstalled, PluginError.
        """
        return _plugs(params).hosts or None

    def hosts(self) -> list[str]:
        """Return the nodes of the parameters, else the names of the device's list. Raises PluginError."""
        plugs = _plugs(self.settings)
        if plugs.hosts:
            return list(plugs.hosts)
        pairs = self._listed(plugs)
        if not pairs:
            raise BadConfig(f"{plugs.name} lists no plugs: {SAY_WHICH}")
        return names_of(pairs)

    def power(self, host: str) -> Power:
        """Return OFF when all plugs of the node read off, ON when one reads on; UNKNOWN where off proves nothing."""
        plugs = _plugs(self.settings)
        of_host = plugs.of(host, self._listed(plugs))
        if why := doubt(plugs.name, plugs.agent):
            print(f"heartbeat: {plugs.name} never proves that a node is off: {why}", file=sys.stderr)
            return Power.UNKNOWN
        states = {self._status(plugs, plug) for plug in of_host}
        return Power.OFF if states == {Power.OFF} else Power.ON

    def switch(self, host: str, power: Power) -> None:
        """Order it of all plugs of the node, one after the other. Raises PluginError.

        What was only cut off is not let in again: it has not been restarted, and would go on where it was.
        """
        if power is Power.UNKNOWN:
            raise ValueError("a host is switched on or off")
        plugs = _plugs(self.settings)
        of_host = plugs.of(host, self._listed(plugs))
        action = power.value
        if action not in plugs.agent.actions:
            raise Unsupported(f"{plugs.name} has no action {action}")
        if power is Power.ON and "reboot" not in plugs.agent.actions:
            raise Unsupported(f"{plugs.name} lets nobody in again by itself: restart {host}, then {plugs.name} -o on")
        for plug in of_host:
            ended = self._run(plugs, action, plug)
            if ended.code != OK:
                raise self._error(action, ended, ResetFailed)

    def status(self) -> None:
        """Have the agent look whether it reaches the device (``monitor``). Raises PluginError."""
        plugs = _plugs(self.settings)
        if "monitor" not in plugs.agent.actions:
            self.hosts()
            return
        plug = next(iter(plugs.mapped.values()), ("",))[0]
        ended = self._run(plugs, "monitor", plug)
        # An agent with one machine may answer with that machine's state.
        if ended.code != OK and not (ended.code == OFF and _SAYS_OFF.search(ended.stdout)):
            raise self._error("monitor", ended, PluginError)

    def _status(self, plugs: Plugs, plug: str) -> Power:
        """Ask for one plug's state. A status without its text, or a text against its status, is an error."""
        ended = self._run(plugs, "status", plug)
        says_off = _SAYS_OFF.search(ended.stdout) is not None
        if ended.code == OFF and says_off:
            return Power.OFF
        if ended.code == OK and not says_off:
            return Power.ON
        raise self._error("status", ended, PluginError)

    def _listed(self, plugs: Plugs) -> list[tuple[str, str]]:
        if not plugs.needs_list:
            return []
        if self._pairs is None:
            ended = self._run(plugs, "list", "")
            if ended.code != OK:
                raise self._error("list", ended, PluginError)
            self._pairs = parse_list(ended.stdout)
        return self._pairs

    def _run(self, plugs: Plugs, action: str, plug: str) -> "Ended":
        named = {plugs.agent.plug: plug} if plug and plugs.agent.plug else {}
        return self._program(plugs.agent).run(action, named | ({"separator": SEPARATOR} if action == "list" else {}))

    def _program(self, agent: metadata.Agent) -> "FenceProgram":
        from heartbeat_stonith_fence_agents.program import FenceProgram

        settings = _settings(self.settings)
        declared = {name: param for param in agent.about.params for name in (param.name, *param.aliases)}
        secrets = tuple(text for name, text in settings.items() if text and name in declared and declared[name].secret)
        said = {
            name: ("1" if declared[name].parse(text) else "0")
            if name in declared and declared[name].kind is ParamKind.BOOL
            else text
            for name, text in settings.items()
            if name not in metadata.PLUG_NAMES
        }
        path = Path(self.settings.text("agent"))
        return FenceProgram(path, said, secrets, self.settings.number("agent_timeout"))

    def _error(self, action: str, ended: "Ended", otherwise: type[PluginError]) -> PluginError:
        text = f"{ended.stdout}\n{ended.stderr}".lower()
        made = next((error for words, error in _ERRORS if words in text), otherwise) if ended.code > 0 else otherwise
        return made(self._program(_plugs(self.settings).agent).told(action, ended))


def _plugs(params: Params) -> Plugs:
    """Return what the parameters say, checked with what the agent tells about itself. Raises PluginError."""
    path = Path(params.text("agent"))
    settings = _settings(params)
    refuse_misleading(path.name, settings)
    return plugs_of(path.name, metadata.ask(path), params, settings)


def _settings(params: Params) -> dict[str, str]:
    """Return the agent's own parameters as texts: undeclared ones, and those of a type that declares its own."""
    ours = {param.name for param in FenceAgent.params}
    told = {name: value for name, value in params.items() if name not in ours}
    return {**{name: _text(value) for name, value in told.items()}, **params.extra}


def _text(value: object) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)
