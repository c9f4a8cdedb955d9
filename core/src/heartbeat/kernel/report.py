"""What is true now, in words: the answer to ``hb status``. Looks at everything, changes nothing."""

from collections.abc import Iterator

from heartbeat.kernel.ability import Ability
from heartbeat.kernel.case import Stage
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector, LinkState, Peer
from heartbeat.kernel.director import Director
from heartbeat.kernel.durability import Durability
from heartbeat.kernel.exclusion import Exclusion
from heartbeat.kernel.fencing import Fencing
from heartbeat.kernel.groups import LocalGroup
from heartbeat.kernel.leaving import Leaving
from heartbeat.kernel.ledger import LEFT, Ledger
from heartbeat.kernel.membership import Membership, Phase
from heartbeat.kernel.rehearsals import Rehearsals
from heartbeat.kernel.sightings import Sightings
from heartbeat.kernel.watchdog import Watchdog
from heartbeat.model.duration import show_duration
from heartbeat.model.names import Nid
from heartbeat.model.operation import Outcome
from heartbeat.model.status import (
    ClusterStatus,
    FindingStatus,
    GroupStatus,
    LinkStatus,
    NodeStatus,
    ResourceStatus,
)
from heartbeat.model.view import Standing
from heartbeat.wire.messages import Local

_STATE_WORDS = {
    Local.UNKNOWN: "unknown",
    Local.STOPPED: "stopped",
    Local.STARTING: "starting",
    Local.RUNNING: "running",
    Local.STOPPING: "stopping",
    Local.BLOCKED: "blocked",
}

_RESOURCE_WORDS = {"waiting": "stopped", "blocked": "failed", "contested": "running"}
"""What a group's state means for one of its resources, where the words differ."""


class Report:
    """Composes the status of one node's kernel."""

    def __init__(
        self,
        desk: Desk,
        detector: Detector,
        membership: Membership,
        ledger: Ledger,
        exclusion: Exclusion,
        ability: Ability,
        fencing: Fencing,
        director: Director,
        leaving: Leaving,
        groups: tuple[LocalGroup, ...],
        durability: Durability,
        sightings: Sightings,
        rehearsals: Rehearsals,
        watchdog: Watchdog,
    ) -> None:
        self._watchdog = watchdog
        self._desk, self._detector, self._membership = desk, detector, membership
        self._ledger, self._exclusion, self._fencing, self._director = ledger, exclusion, fencing, director
        self._leaving, self._groups, self._durability, self._ability = leaving, groups, durability, ability
        self._sightings, self._rehearsals = sightings, rehearsals

    def status(self, now_s: float, why: str, view_since_s: float, link_problems: dict[int, str]) -> ClusterStatus:
        """Return everything. ``why`` is the quorum engine's sentence, ``link_problems`` what keeps a link closed."""
        view, desk = self._membership.view, self._desk
        state = (
            "leaving" if self._leaving.is_leaving else "joining" if self._membership.phase is Phase.BOOT else "member"
        )
        return ClusterStatus(
            cluster=desk.cluster.name,
            node=desk.name(desk.me),
            state=state,
            standing=self._director.standing.value if view.members else Standing.NO_QUORUM.value,
            view=str(view.id) if view.members else "",
            coordinator=desk.name(self._membership.coordinator) if view.members else "",
            why=why,
            nodes=tuple(self._node(Nid(nid), now_s, view_since_s) for nid in range(len(desk.cluster.nodes))),
            groups=tuple(self._group(group, now_s) for group in self._groups),
            alarms=tuple(self._alarms(now_s, link_problems)),
            devices=self._sightings.status(now_s),
            fence_findings=self._sightings.findings(),
            rehearsals=self._rehearsals.all(),
        )

    def _alarms(self, now_s: float, link_problems: dict[int, str]) -> Iterator[FindingStatus]:
        """What stands now and should not: derived from the states, so that an alarm ends when its cause does."""
        desk = self._desk
        yield from self._disks(now_s)
        for index, problem in sorted(link_problems.items()):
            if problem:
                yield FindingStatus(f"{desk.birth.links[index]} cannot be opened: {problem}", 0.0)
        for nid, peer in sorted(self._detector.peers.items()):
            state, why = self._peer_state(nid, peer, now_s)
            if state in ("silent", "one-way", "stranger", "fencing"):
                yield FindingStatus(f"{desk.name(nid)} is {state}: {why}", now_s - peer.since_s)
            for name, link in zip(desk.birth.links, peer.links, strict=True):
                if peer.alive and link.state is LinkState.DOWN:
                    yield FindingStatus(f"{desk.name(nid)} is not heard over {name}", now_s - link.since_s)
        for group in self._groups:
            if group.state is Local.BLOCKED or group.failures:
                yield FindingStatus(f"{group.group.name}: {group.detail}", now_s - group.since_s)
        yield from self._devices(now_s)
        for nid in self._director.unable():
            yield FindingStatus(f"{desk.name(nid)} cannot act reliably: {self._ability.why(nid)}", 0.0)
        if problem := self._watchdog.problem():
            yield FindingStatus(problem, 0.0)
        for nid in self._director.differing():
            yield FindingStatus(f"{desk.name(nid)} reads other files than this node: planning waits", 0.0)

    def _devices(self, now_s: float) -> Iterator[FindingStatus]:
        for found, age_s in self._sightings.errors(now_s):
            yield FindingStatus(f"{found.code} {found.device or found.host}: {found.message}", age_s)
        for device, why in self._fencing.devices.distrusted.items():
            yield FindingStatus(f"STONITH device {device} fences nobody any more: {why}", 0.0)

    def _disks(self, now_s: float) -> Iterator[FindingStatus]:
        desk, durability = self._desk, self._durability
        if durability.problem:
            text = f"{desk.name(desk.me)} has no durable role: {durability.problem}"
            yield FindingStatus(text, now_s - durability.since_s)
        for nid, peer in sorted(self._detector.peers.items()):
            waits_s = peer.beat.persist_age_ms / 1000 if peer.alive and peer.beat else 0.0
            if waits_s >= desk.cluster.timers.deadtime_s:
                yield FindingStatus(f"{desk.name(nid)} has no durable role: its disk does not store its state", waits_s)

    # Nodes.

    def _node(self, nid: Nid, now_s: float, view_since_s: float) -> NodeStatus:
        desk = self._desk
        if nid == desk.me:
            state = "member" if self._membership.view.members else "joining"
            since_s = now_s - (view_since_s if self._membership.view.members else desk.born_s)
            life, plugins, why = desk.birth.incarnation, desk.birth.plugins, self._watchdog.show()
            return NodeStatus(desk.name(nid), nid, True, state, since_s, why, life, None, (), plugins)
        peer = self._detector.peers[nid]
        state, why = self._peer_state(nid, peer, now_s)
        heard_s = now_s - peer.heard_s if peer.incarnation else None
        links = tuple(
            LinkStatus(name, link.state.value, now_s - link.since_s, link.frames, link.lost)
            for name, link in zip(desk.birth.links, peer.links, strict=True)
        )
        plugins = peer.beat.plugins if peer.beat else ""
        return NodeStatus(
            desk.name(nid), nid, False, state, now_s - peer.since_s, why, peer.incarnation, heard_s, links, plugins
        )

    def _peer_state(self, nid: Nid, peer: Peer, now_s: float) -> tuple[str, str]:
        case = self._fencing.cases.get(nid)
        proved = self._ledger.proofs.get(nid)
        if case and case.stage is Stage.UNDER_WAY:
            return "fencing", f"being switched off: {case.why}"
        if proved and proved.incarnation >= peer.incarnation:
            return ("left" if proved.how == LEFT else "off"), proved.how
        if peer.alive and self._membership.view.has(nid):
            promise_ms = peer.beat.watchdog_ms if peer.beat else 0
            promised = f"; its watchdog ends it within {show_duration(promise_ms / 1000)}, unless it is backed"
            return "member", "in the view" + (promised if promise_ms else "")
        if peer.alive and peer.beat and peer.beat.nodes_digest != self._desk.cluster.nodes_digest:
            return "stranger", "its ha.cf lists other nodes than this node's"
        if peer.alive:
            hears = self._detector.hears_me(nid)
            if hears and self._exclusion.is_told(nid):
                return "joining", "heard, but not by every member: it was told to stop what it holds"
            return (
                ("joining", "heard, not yet in the view")
                if hears
                else ("one-way", "heard, but it does not hear this node")
            )
        if not peer.incarnation:
            return "unknown", "never heard since this node started"
        silent = show_duration(now_s - peer.heard_s)
        problem = f"; fencing failed: {case.problem}" if case and case.problem else ""
        if case and case.stage is Stage.WAITING and case.not_before_s > now_s:
            problem += f"; switched off in {show_duration(case.not_before_s - now_s)} unless it is heard"
        return "silent", f"nothing heard for {silent}, not proved off{problem}"

    # Groups.

    def _group(self, group: LocalGroup, now_s: float) -> GroupStatus:
        states = {nid: self._ledger.state(nid, group.index) for nid in self._membership.view.nids}
        if not states:
            states = {self._desk.me: group.state}
        active = [nid for nid, state in states.items() if state not in (Local.STOPPED, Local.UNKNOWN)]
        state, node, why = self._where(group, states, active)
        return GroupStatus(
            name=group.group.name,
            home=group.group.home,
            state=state,
            node=self._desk.name(node) if node is not None else "",
            since_s=now_s - self._since_s(group, state, node),
            why=why,
            protected_by=self._protected_by(group, active),
            resources=tuple(self._resource(group, at, state, node) for at in range(len(group.group.resources))),
        )

    def _where(self, group: LocalGroup, states: dict[Nid, Local], active: list[Nid]) -> tuple[str, Nid | None, str]:
        waiting = self._director.waiting.get(group.index, "")
        if len([nid for nid in active if states[nid] is Local.RUNNING]) > 1:
            return "contested", active[0], f"it runs on {' and '.join(self._desk.name(n) for n in active)}"
        if active:
            holding = self._ledger.holding(active[0], group.index)
            detail = holding.detail if holding else ""
            return (
                _STATE_WORDS[states[active[0]]],
                active[0],
                detail or waiting or f"held by {self._desk.name(active[0])}",
            )
        if Local.UNKNOWN in states.values():
            return "unknown", None, waiting or "not every node has looked yet whether it runs there"
        detail = next((h.detail for nid in states if (h := self._ledger.holding(nid, group.index)) and h.detail), "")
        waits = waiting and "failed to start" not in waiting
        return ("waiting" if waits else "stopped"), None, "; ".join(text for text in (waiting, detail) if text)

    def _since_s(self, group: LocalGroup, state: str, node: Nid | None) -> float:
        if state == "waiting":
            return self._director.waiting_s.get(group.index, group.since_s)
        return self._ledger.told_s(node, group.index) if node in self._detector.peers else group.since_s

    def _protected_by(self, group: LocalGroup, active: list[Nid]) -> str:
        """What keeps it single if its node falls silent."""
        holding = self._ledger.holding(active[0], group.index) if active else None
        if holding is None:
            return "nothing"
        # Without shared data and without a device for its node, silence alone frees it.
        waits = group.group.shares_data or self._desk.name(active[0]) in self._desk.cluster.has_device
        words = ["proof"] if holding.proved and waits else []
        words += [f"hold ({holding.hold})"] if holding.hold else []
        return " and ".join(words) or "nothing"

    def _resource(self, group: LocalGroup, at: int, group_state: str, node: Nid | None) -> ResourceStatus:
        """A resource is as its group is; only where it is in the hands of this node is more known."""
        resource = group.group.resources[at]
        state, detail = _RESOURCE_WORDS.get(group_state, group_state), ""
        if node in (None, self._desk.me):
            detail = group.detail
            if group.is_busy and group.found.get(at) in (Outcome.FAILED, Outcome.UNKNOWN):
                state = "failed"
        return ResourceStatus(resource.name, resource.agent, state, resource.shares_data, detail)
