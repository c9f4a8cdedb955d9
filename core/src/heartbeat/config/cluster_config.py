"""What the three files mean, resolved: plain data that one process can hand to another.

Made in a throw-away process that loaded the plugins' classes to check their parameters; the daemon and the
executor get only this.
"""

import msgspec

from heartbeat.model.cluster import Cluster


class MediumConfig(msgspec.Struct, frozen=True):
    """One link to open."""

    directive: str
    """The entry point's name in ``heartbeat.comm``: ``bcast``."""
    link: str
    """``bcast/eth1``"""
    params: dict[str, str]


class DeviceConfig(msgspec.Struct, frozen=True):
    """One STONITH device that this node can use."""

    name: str
    """``lab #1``: the type and the number of its line."""
    type: str
    """The entry point's name in ``heartbeat.stonith``."""
    params: dict[str, str]
    """May hold secrets: never logged, never in argv."""
    hosts: tuple[str, ...]
    """Nodes it is configured for, when the parameters say; otherwise asked of the device."""
    can_read_power: bool
    worst_off_s: float
    test_only: str = ""
    serialises: bool = False
    gives_power: bool = True
    level: int = 0
    """Levels are tried in order; the devices of one feed the same nodes together."""
    supplies: int = 1
    """How many devices its level has."""

    def __repr__(self) -> str:
        """Show which parameters there are, and none of their values."""
        return f"DeviceConfig(name={self.name!r}, type={self.type!r}, params={sorted(self.params)}, hosts={self.hosts})"


class TieBreakerConfig(msgspec.Struct, frozen=True):
    """Somebody whom halves ask whether they may go on."""

    name: str
    """``witness 10.0.0.9``, ``ping #1``: for people, and to find it by."""
    type: str
    """The entry point's name in ``heartbeat.quorum``."""
    params: dict[str, str]
    """May hold secrets: never logged, never in argv."""
    grants: bool
    """False: it can only deny."""

    def __repr__(self) -> str:
        """Show which parameters there are, and none of their values."""
        return f"TieBreakerConfig(name={self.name!r}, type={self.type!r}, params={sorted(self.params)})"


class ClientConfig(msgspec.Struct, frozen=True):
    """A program kept running beside the daemon (``respawn``, ``failfast``)."""

    user: str
    argv: tuple[str, ...]
    failfast: bool = False


class LogConfig(msgspec.Struct, frozen=True):
    logfile: str = ""
    debugfile: str = ""
    logfacility: str = ""
    """syslog facility name; empty or ``none`` for none."""
    debug: int = 0


class ProcessConfig(msgspec.Struct, frozen=True):
    """How the processes run."""

    realtime: bool = True
    rtprio: int = 1
    user: str = ""
    """Whom the daemon becomes after start; empty: stays who it is."""
    group: str = ""
    """Members may change things over the local API; default group ``haclient`` when it exists."""


class ApiRule(msgspec.Struct, frozen=True):
    """``apiauth NAME uid=a,b gid=c``: either list suffices."""

    client: str
    uids: tuple[str, ...] = ()
    gids: tuple[str, ...] = ()


class EnvSetting(msgspec.Struct, frozen=True):
    """``env NAME=VALUE``: clients see it as ``HA_NAME``."""

    name: str
    value: str

    def __repr__(self) -> str:
        return f"EnvSetting({self.name!r}, ***)"


class ClusterConfig(msgspec.Struct, frozen=True):
    """Everything that ``hb run`` needs except the keys, which stay in authkeys and are read apart."""

    cluster: Cluster
    node: str
    """Which of the nodes this is."""
    media: tuple[MediumConfig, ...]
    devices: tuple[DeviceConfig, ...]
    log: LogConfig = LogConfig()
    process: ProcessConfig = ProcessConfig()
    clients: tuple[ClientConfig, ...] = ()
    api_rules: tuple[ApiRule, ...] = ()
    compression: str = ""
    """As written; nothing compresses."""
    watchdog: str = ""
    """Path of this machine's watchdog; empty for none. Its time-out is the cluster's ``watchdog_s``."""
    env: tuple[EnvSetting, ...] = ()
    """Environment of the clients."""
    tie_breakers: tuple[TieBreakerConfig, ...] = ()
    """In the order in which they are asked."""

    @property
    def drivers(self) -> tuple[tuple[str, str], ...]:
        """Kind and name of every agent, device and tie-breaker that is named here, once each, sorted."""
        agents = {("ra", resource.agent) for group in self.cluster.groups for resource in group.resources}
        devices = {("stonith", device.type) for device in self.devices}
        breakers = {("quorum", breaker.type) for breaker in self.tie_breakers}
        return tuple(sorted(agents | devices | breakers))
