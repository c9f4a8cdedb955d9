"""Resources and the groups they form: what one haresources line says."""

import msgspec

from heartbeat.model.names import GroupName, NodeName


class Resource(msgspec.Struct, frozen=True):
    """One resource of a group, fully resolved: which agent runs it and with which parameters."""

    name: str
    """As the administrator wrote it (``10.10.10.11``, ``Filesystem::/dev/nb0::/ha/apache::reiserfs``)."""
    agent: str
    """Name of the agent's entry point in the group ``heartbeat.ra``."""
    params: dict[str, str]
    """The agent's parameters, unparsed; may hold a password: never logged, never in argv."""
    shares_data: bool
    """True when running it on two nodes at once could corrupt data. Unknown counts as True."""
    start_timeout_s: float = 60.0
    stop_timeout_s: float = 60.0
    monitor_timeout_s: float = 20.0

    def __repr__(self) -> str:
        """Show which parameters there are, and none of their values."""
        return f"Resource(name={self.name!r}, agent={self.agent!r}, params={sorted(self.params)})"


class Group(msgspec.Struct, frozen=True):
    """Resources that run together on one node: started left to right, stopped right to left."""

    name: GroupName
    home: NodeName
    """The node whose line it is: preferred when nothing runs yet, and the target of auto_failback."""
    resources: tuple[Resource, ...]

    @property
    def shares_data(self) -> bool:
        """A group shares data when any of its resources does; then a takeover always waits for a proof."""
        return any(resource.shares_data for resource in self.resources)
