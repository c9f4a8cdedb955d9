"""The kinds of plugin: core's own, and those that a vendor adds by the entry-point group ``heartbeat.kinds``."""

from heartbeat.pils.adapter import adapted_agent, adapted_device
from heartbeat.plugin import v0
from heartbeat.plugin.auth import Authenticator
from heartbeat.plugin.catalogue import Catalogue
from heartbeat.plugin.comm import Medium
from heartbeat.plugin.hooks import Listener
from heartbeat.plugin.kind import Kind
from heartbeat.plugin.quorum import TieBreaker
from heartbeat.plugin.ra import ResourceAgent
from heartbeat.plugin.stonith import StonithDevice

PREFIX = "heartbeat."
"""The group of a kind is always ``heartbeat.<kind>``: a listing then needs to import nothing, also for a vendor's."""

KINDS_GROUP = "heartbeat.kinds"
"""Entry points here are ``Kind`` objects, each named as its kind."""

KNOWN_GROUP = "heartbeat.known"
"""Entry points here are top-level packages that hold a ``known.toml``; see ``heartbeat.pils.known``."""

CONFORMANCE_GROUP = "heartbeat.conformance"
"""Entry points here are conformance classes, each named as the vendor's kind that it judges."""

SIMULATOR_GROUP = "heartbeat.simulators"
"""Entry points here are simulators of STONITH devices, each named as the type whose device it plays."""

ABOUT_PLUGINS = frozenset({KINDS_GROUP, KNOWN_GROUP, CONFORMANCE_GROUP, SIMULATOR_GROUP})
"""Groups of ours whose entry points are no plugins."""

KINDS = {
    kind.name: kind
    for kind in (
        Kind("comm", "heartbeat.comm", Medium, "medium"),
        Kind("auth", "heartbeat.auth", Authenticator, "authentication method"),
        Kind("stonith", "heartbeat.stonith", StonithDevice, "STONITH device", 1, v0.StonithDevice, adapted_device),
        Kind("ra", "heartbeat.ra", ResourceAgent, "resource agent", 1, v0.ResourceAgent, adapted_agent),
        Kind("catalogue", "heartbeat.catalogue", Catalogue, "catalogue"),
        Kind("quorum", "heartbeat.quorum", TieBreaker, "tie-breaker"),
        Kind("hooks", "heartbeat.hooks", Listener, "hook"),
    )
}
"""By name, in the order in which they are listed."""
