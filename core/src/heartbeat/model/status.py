"""What is true now, as ``hb status`` and its relatives show it. Stable keys: scripts read the JSON form."""

import msgspec

from heartbeat.model.inspection import FenceFinding
from heartbeat.model.rehearsal import Rehearsed


class LinkStatus(msgspec.Struct, frozen=True):
    name: str
    """``bcast/eth1``"""
    state: str
    """``up``, ``late``, ``down``, ``unknown`` (nothing heard yet)"""
    since_s: float
    """Seconds ago that it entered this state."""
    frames: int
    lost: int


class NodeStatus(msgspec.Struct, frozen=True):
    name: str
    nid: int
    is_me: bool
    state: str
    """``member``, ``joining``, ``one-way``, ``silent``, ``fencing``, ``off``, ``left``, ``unknown``"""
    since_s: float
    why: str
    """One sentence."""
    incarnation: int
    heard_s: float | None
    """Age of the newest frame on any link; None when never heard (and for the node itself)."""
    links: tuple[LinkStatus, ...] = ()
    plugins: str = ""
    """Fingerprint of the plugins that it uses, as its newest beat told; ``hb plugin check`` compares."""


class ResourceStatus(msgspec.Struct, frozen=True):
    name: str
    agent: str
    state: str
    """``running``, ``stopped``, ``starting``, ``stopping``, ``failed``, ``unknown``; as known on the answering node"""
    shares_data: bool
    detail: str = ""


class GroupStatus(msgspec.Struct, frozen=True):
    name: str
    home: str
    state: str
    """``running``, ``starting``, ``stopping``, ``stopped``, ``blocked``, ``waiting``, ``unknown``, ``contested``"""
    node: str
    """Where it is (or is being started); empty when nowhere."""
    since_s: float
    why: str
    protected_by: str
    """What keeps it single: ``proof``, ``hold (nftables)`` or ``(lifetime)`` or ``(guard only)``, both, ``nothing``."""
    resources: tuple[ResourceStatus, ...] = ()


class FindingStatus(msgspec.Struct, frozen=True):
    """An alarm that stands now."""

    text: str
    since_s: float


class DeviceStatus(msgspec.Struct, frozen=True):
    """A STONITH device as one node saw it when it was looked at last."""

    name: str
    node: str
    """Who looked."""
    hosts: tuple[str, ...]
    """Nodes whose power it showed."""
    state: str
    """``good``, ``doubtful`` (warnings alone), ``bad``"""
    checked_s: float
    """Seconds ago."""
    codes: tuple[str, ...] = ()
    """Of what was found, ``HB-F001``."""


class ClusterStatus(msgspec.Struct, frozen=True):
    cluster: str
    node: str
    state: str
    """``joining``, ``member``, ``leaving``"""
    standing: str
    """``primary``, ``pending``, ``waiting``, ``no-quorum``; the view's, see model.view.Standing"""
    view: str
    coordinator: str
    why: str
    nodes: tuple[NodeStatus, ...]
    groups: tuple[GroupStatus, ...]
    alarms: tuple[FindingStatus, ...] = ()
    devices: tuple[DeviceStatus, ...] = ()
    """As the last check found them; empty before the first."""
    fence_findings: tuple[FenceFinding, ...] = ()
    """Of the last check."""
    rehearsals: tuple[Rehearsed, ...] = ()
    """The last one of each node that had any."""
    realtime: str = ""
    """What of real-time scheduling and memory locking is in force, filled in by the daemon."""
