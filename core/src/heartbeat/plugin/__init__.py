"""The one door for plugin authors.

Everything a medium, an authentication method, a STONITH device or a resource agent needs is here and in
``heartbeat.testing``; nothing else of heartbeat is for them. The contract uses the standard library only.
"""

from heartbeat.plugin.auth import AuthenticationError, Authenticator, FrameContext
from heartbeat.plugin.catalogue import Catalogue, CatalogueEntry
from heartbeat.plugin.comm import Deliver, DirectiveLine, LinkPlan, Medium
from heartbeat.plugin.errors import (
    AccessDenied,
    BadConfig,
    BadHost,
    NotInstalled,
    OutletOff,
    PluginError,
    ResetFailed,
    TimedOut,
    Unreachable,
    Unsupported,
)
from heartbeat.plugin.hooks import Listener
from heartbeat.plugin.kind import API_CURRENT, API_PREVIOUS, Kind, Plugin
from heartbeat.plugin.occasion import Occasion, occasion
from heartbeat.plugin.param import BadParameter, Param, ParamKind, Params, parse_params
from heartbeat.plugin.quorum import Ruling, Tie, TieBreaker, Verdict
from heartbeat.plugin.ra import Claim, Health, ResourceAgent
from heartbeat.plugin.registry import Registry
from heartbeat.plugin.secret import Secret
from heartbeat.plugin.stonith import Identity, Power, StonithDevice, match_host
from heartbeat.plugin.tie_record import TieRecord

__all__ = [
    "API_CURRENT",
    "API_PREVIOUS",
    "AccessDenied",
    "AuthenticationError",
    "Authenticator",
    "BadConfig",
    "BadHost",
    "BadParameter",
    "Catalogue",
    "CatalogueEntry",
    "Claim",
    "Deliver",
    "DirectiveLine",
    "FrameContext",
    "Health",
    "Identity",
    "Kind",
    "LinkPlan",
    "Listener",
    "Medium",
    "NotInstalled",
    "Occasion",
    "OutletOff",
    "Param",
    "ParamKind",
    "Params",
    "Plugin",
    "PluginError",
    "Power",
    "Registry",
    "ResetFailed",
    "ResourceAgent",
    "Ruling",
    "Secret",
    "StonithDevice",
    "Tie",
    "TieBreaker",
    "TieRecord",
    "TimedOut",
    "Unreachable",
    "Unsupported",
    "Verdict",
    "match_host",
    "occasion",
    "parse_params",
]
