"""Agents, and parameters of theirs, whose "off" is not about a machine's power: such a reading is never believed."""

from collections.abc import Mapping

from heartbeat.plugin import BadConfig

from heartbeat_stonith_fence_agents.metadata import Agent

NO_PROOF = {
    "fence_compute": "it tells a cloud that a host is down, and switches nothing",
    "fence_crosslink": "it takes silence for off",
    "fence_dummy": "it is for trying things out: it switches nothing but a file",
    "fence_evacuate": "it moves virtual machines, and switches nothing",
    "fence_heuristics_ping": "it pings, and switches nothing",
    "fence_kdump": "it listens for a crash kernel, and switches nothing",
    "fence_sbd": "it writes a message for the victim, and reads back its own message",
    "fence_watchdog": "it trusts the victim's watchdog, and is only meta-data",
}
"""Agents of fence-agents 4.12, from their descriptions and sources."""

MISLEADING = {
    "missing_as_off": "a machine that the device does not know, a misspelt one too, would read as off",
    "network_fencing": "the machine is cut off from its network and runs on",
}
_YES = ("1", "yes", "on", "true", "y")


def doubt(name: str, agent: Agent) -> str:
    """Return why an agent's "off" proves nothing; empty when it is about power.

    Agents for switches of a network or a storage fabric have no action ``reboot``: what they cut off runs on.
    """
    if name in NO_PROOF:
        return NO_PROOF[name]
    if "status" not in agent.actions:
        return "it cannot be asked for the state"
    return "" if "reboot" in agent.actions else "it cuts a machine off, which runs on"


def refuse_misleading(name: str, settings: Mapping[str, str]) -> None:
    """Raise BadConfig for a parameter with which "off" would say something else."""
    for parameter, why in MISLEADING.items():
        if settings.get(parameter, "").strip().lower() in _YES:
            raise BadConfig(f"{name} with {parameter} proves nothing: {why}; leave it out")
