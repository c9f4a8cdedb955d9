"""Which of a device's plugs are a node's: said by parameters, or by the device's own list."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from heartbeat.plugin import BadConfig, BadHost, Params, match_host

from heartbeat_stonith_fence_agents.metadata import PLUG_NAMES, Agent

SEPARATOR = ","
"""Between plug and name in a list, and between several plugs in one parameter: neither may have one."""
_HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
SAY_WHICH = "outlets=NODE=PLUG,... says which plug is whose"


@dataclass(frozen=True, slots=True)
class Plugs:
    """What the parameters say about nodes and plugs, checked."""

    name: str
    agent: Agent
    hosts: tuple[str, ...]
    """The nodes that are named; empty: only the device knows."""
    mapped: Mapping[str, tuple[str, ...]]
    """Node to its plugs, of all nodes or of none; an empty plug is the device's only one."""

    @property
    def needs_list(self) -> bool:
        """Must the device's list be read to know a node's plugs?"""
        return not self.mapped and "list" in self.agent.actions

    def of(self, host: str, listed: Sequence[tuple[str, str]]) -> list[str]:
        """Return the plugs of one node; ``listed``: plug and name, where needs_list says so. Raises BadHost."""
        host = match_host(host, self.hosts) if self.hosts else host.strip()
        if self.mapped:
            return list(self.mapped[host])
        if self.hosts and not listed:
            return [host]  # as Pacemaker does: the device knows the node by its name
        named = [plug for plug, name in listed if _same(name, host)] or [
            plug for plug, _ in listed if _same(plug, host)
        ]
        if not listed:
            raise BadConfig(f"{self.name} lists no plugs: {SAY_WHICH}")
        if not named:
            raise BadHost(f"{self.name} lists no plug that is called {host or 'nothing'}: {SAY_WHICH}")
        return named


def plugs_of(name: str, agent: Agent, params: Params, settings: Mapping[str, str]) -> Plugs:
    """Return what the parameters say; ``settings`` are the agent's own. Raises BadConfig for what cannot be meant."""
    hosts, mapped = params.hosts("hostlist"), dict(_outlets(params))
    own = next((settings[it] for it in PLUG_NAMES if it in settings), None)
    if mapped and own is not None:
        raise BadConfig(f"{name} has {agent.plug or 'plug'}={own} and outlets: say all plugs in outlets=NODE=PLUG,...")
    if mapped:
        if hosts and {it.lower() for it in hosts} != mapped.keys():
            raise BadConfig("hostlist and outlets name different nodes: outlets alone is enough")
        return Plugs(name, agent, tuple(mapped), mapped)
    if own is None and agent.is_plug_required:
        if not hosts and "list" not in agent.actions:
            raise BadConfig(f"{name} cannot list what it switches: hostlist=NODE,... must say so")
        return Plugs(name, agent, hosts, {})
    if len(hosts) != 1:
        what = f"{name} switches one machine" if own is None else f"{own} is the plug of one machine"
        raise BadConfig(f"{what}: hostlist=NODE must say whose, and names {len(hosts)}; outlets=NODE=PLUG,... for more")
    return Plugs(name, agent, hosts, {hosts[0]: (own or "",)})


def parse_list(text: str) -> list[tuple[str, str]]:
    """Return plug and name of each line ``PLUG,NAME``; what has no separator says that there is no list (N/A)."""
    pairs = [line.strip().partition(SEPARATOR) for line in text.splitlines()]
    return [(plug.strip(), name.strip()) for plug, comma, name in pairs if comma and plug.strip()]


def names_of(listed: Sequence[tuple[str, str]]) -> list[str]:
    """Return what can be nodes of a list, each once: names, and plugs that are no numbers (virtual machines)."""
    words = [word for plug, name in listed for word in (name, "" if plug.isdecimal() else plug)]
    return list({word.lower(): word for word in words if _HOST_NAME.fullmatch(word)}.values())


def _outlets(params: Params) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield node and plugs of the parameter ``outlets``. Raises BadConfig for a plug of two nodes."""
    value = params.known["outlets"]
    owners: dict[str, str] = {}
    for host, words in value.items() if isinstance(value, Mapping) else ():
        plugs = tuple(words.split("+"))
        for plug in plugs:
            if not plug:
                raise BadConfig(f"`outlets` gives {host} a plug without a name")
            if owners.setdefault(plug, host) != host:
                both = f"{owners[plug]} and {host}"
                raise BadConfig(f"`outlets` gives plug {plug} to {both}: switching one off would switch both off")
        yield host, plugs


def _same(name: str, host: str) -> bool:
    return bool(name) and name.lower() == host.lower()
