"""The three files, read together: one ClusterConfig, or all that is wrong with them."""

from dataclasses import dataclass

import msgspec

from heartbeat.config import codes
from heartbeat.config.authkeys import AuthKeys, collect_keys
from heartbeat.config.clients import read_api_rules, read_clients, read_env, read_log, read_process
from heartbeat.config.cluster_config import ClusterConfig, DeviceConfig, MediumConfig, TieBreakerConfig
from heartbeat.config.device_line import DeviceLine
from heartbeat.config.devices import read_devices
from heartbeat.config.electorate import read_electorate
from heartbeat.config.facts import HostFacts, facts_of_this_host
from heartbeat.config.finding import Finding, Findings, Place, Severity
from heartbeat.config.hacf import HaCf, read_hacf
from heartbeat.config.haresources import read_lines
from heartbeat.config.hooks import judge_hooks
from heartbeat.config.media import LinkSurvey, judge_redundancy, read_media
from heartbeat.config.nodes import own_node, read_nodes
from heartbeat.config.protection import covered, judge_devices, judge_protection
from heartbeat.config.reading import Reading
from heartbeat.config.resources import GroupSurvey, read_groups
from heartbeat.config.source import Source, read_source
from heartbeat.config.tie_breakers import read_tie_breakers
from heartbeat.config.timers import read_failback, read_timers
from heartbeat.config.watchdog import read_watchdog
from heartbeat.model.cluster import Cluster, Timers
from heartbeat.model.group import Group
from heartbeat.model.names import NodeName
from heartbeat.model.places import Places
from heartbeat.plugin.registry import Registry

CHECK_EVERY_S = 3600.0
"""Heartbeat 3 asked its devices for their status once an hour."""
DEFAULT_CLUSTER = "linux-ha"
"""As in heartbeat 3.0.6."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What the files describe, as far as it can be told: for ``hb check``, also when there are errors."""

    node: str
    nodes: tuple[NodeName, ...]
    timers: Timers
    links: tuple[LinkSurvey, ...]
    devices: tuple[DeviceLine, ...]
    """Of all nodes."""
    groups: tuple[GroupSurvey, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The result of reading the files. ``config`` and ``keys`` are None when there is any error."""

    config: ClusterConfig | None
    keys: AuthKeys | None
    findings: tuple[Finding, ...]
    """Of all files, in order of file and place."""
    survey: Survey
    sources: dict[str, Source]
    """By the name that findings use; only for showing lines, which it does without secrets."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


def load(
    places: Places,
    registry: Registry,
    *,
    node: str | None = None,
    facts: HostFacts | None = None,
    need_own_node: bool = True,
    hooks: bool = True,
) -> Loaded:
    """Read ha.cf, haresources and authkeys and return all there is to say about them. Never raises for their content.

    ``node`` is this host's name in the cluster; by default the first word of ``nodeinfo`` beside ha.cf, else the
    host's name. With ``need_own_node`` false the host may be none of the nodes: the files are then read as the
    first node would read them, and what only that node can know (its interfaces, users, programs) is not judged.
    With ``hooks`` false the hooks are not loaded and judged: they are no business of the daemon.
    """
    found = Findings()
    reading = Reading(registry, facts or facts_of_this_host(), found)
    ha_cf = read_source(places.ha_cf, found, name="ha.cf", mend="see docs/configuration.md")
    haresources = read_source(places.haresources, found, name="haresources", mend="write NODE RESOURCE... lines")
    hacf = read_hacf(ha_cf, reading)
    reading.nodes = read_nodes(hacf, found)
    reading.me = own_node(reading, places.config, node=node, needed=need_own_node)
    reading.own = need_own_node or reading.me == reading.facts.hostname.lower()
    timers = read_timers(hacf, reading.facts.worst_stall_s, found)
    media, links = read_media(hacf, reading)
    judge_redundancy(hacf, links, reading)
    groups, surveys = read_groups(hacf, haresources, read_lines(haresources, found), reading)
    devices = read_devices(hacf, reading)
    watchdog = read_watchdog(hacf, timers, devices, reading)
    asked_is_enough = judge_protection(hacf, devices, surveys, reading)
    judge_devices(devices, timers, reading)
    _judge_secrecy(places, devices, reading)
    asked = read_tie_breakers(hacf, reading)
    cluster = _cluster(hacf, timers, groups, devices, asked, reading, asked_is_enough=asked_is_enough)
    cluster = msgspec.structs.replace(cluster, watchdog_s=watchdog[1])
    config = _config(hacf, cluster, media, devices, reading)
    config = msgspec.structs.replace(config, watchdog=watchdog[0], tie_breakers=asked)
    if hooks:
        judge_hooks(hacf, reading, places.ha_cf)
    keys, authkeys = collect_keys(places.authkeys, reading, hacf.text("run_as"))
    sources = {source.name: source for source in (ha_cf, haresources, authkeys) if source}
    failed = found.errors > 0
    return Loaded(
        config=None if failed else config,
        keys=None if failed else keys,
        findings=tuple(found),
        survey=Survey(reading.me or "", reading.nodes, timers, links, devices, surveys),
        sources=sources,
    )


def _cluster(
    hacf: HaCf,
    timers: Timers,
    groups: tuple[Group, ...],
    devices: tuple[DeviceLine, ...],
    asked: tuple[TieBreakerConfig, ...],
    reading: Reading,
    *,
    asked_is_enough: bool,
) -> Cluster:
    return Cluster(
        name=hacf.text("cluster", DEFAULT_CLUSTER),
        nodes=reading.nodes,
        timers=timers,
        groups=groups,
        failback=read_failback(hacf, reading.found),
        fence_delay_s=hacf.seconds("fence_delay", 0.0),
        has_device=covered(devices, reading.nodes),
        asked_is_enough=asked_is_enough,
        reset_after_off=hacf.text("stonith_action", "reset") == "reset",
        check_every_s=_check_every_s(hacf),
        electorate=read_electorate(hacf, reading.nodes, asked, reading.found),
    )


def _check_every_s(hacf: HaCf) -> float:
    return 0.0 if hacf.text("stonith_check") else hacf.seconds("stonith_check", CHECK_EVERY_S)


def _config(
    hacf: HaCf, cluster: Cluster, media: tuple[MediumConfig, ...], devices: tuple[DeviceLine, ...], reading: Reading
) -> ClusterConfig:
    mine = [line.config for line in devices if reading.me is not None and line.usable_by(reading.me)]
    return ClusterConfig(
        cluster=cluster,
        node=reading.me or "",
        media=media,
        devices=tuple(_distinct(mine)),
        log=read_log(hacf),
        process=read_process(hacf, reading),
        clients=read_clients(hacf, reading),
        api_rules=read_api_rules(hacf, reading),
        compression=hacf.text("compression"),
        env=read_env(hacf, reading.found),
    )


def _distinct(devices: list[DeviceConfig]) -> list[DeviceConfig]:
    """Drop a device that a second line gives again (``stonith`` and ``stonith_host`` for the same switch)."""
    kept: dict[bytes, DeviceConfig] = {}
    for device in devices:
        kept.setdefault(msgspec.msgpack.encode((device.type, sorted(device.params.items()))), device)
    return list(kept.values())


def _judge_secrecy(places: Places, devices: tuple[DeviceLine, ...], reading: Reading) -> None:
    """A device's password in an ha.cf that everybody can read."""
    file = reading.facts.file(places.ha_cf)
    secretive = [line for line in devices if line.holds_secret]
    if file is None or not file.mode & 0o004 or not secretive:
        return
    message = f"a password of {secretive[0].config.name} stands here, and everybody may read the file"
    place = Place("ha.cf", secretive[0].place.line)
    mode = f"mode {file.mode:04o}"
    reading.found.add(codes.READABLE_SECRET, place, f"{message} ({mode})", mend=f"chmod 640 {places.ha_cf}")
