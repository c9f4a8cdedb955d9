"""Facts: what listeners are told, as they travel from the process that learns them to those that hear them."""

from collections.abc import Iterator
from typing import Any

import msgspec

from heartbeat.model.status import ClusterStatus, GroupStatus


class Fact(msgspec.Struct, frozen=True, tag="fact"):
    """One call of one method of ``heartbeat.plugin.Listener``."""

    name: str
    about: dict[str, Any]
    """Arguments by name, in types that msgpack knows."""


def status_fact(status: ClusterStatus | None) -> Fact:
    """Return what is true now; None: the daemon cannot be reached."""
    return Fact("status_changed", {"status": {} if status is None else msgspec.to_builtins(status)})


class Changes:
    """Remembers what the last statuses said and tells what is new in the next one.

    What is true at first sight is no change. A status that came late may hide a change and its reverse.
    """

    def __init__(self) -> None:
        self._view = ""
        self._members: tuple[str, ...] = ()
        self._links: dict[tuple[str, str], str] = {}
        self._places: dict[str, str] = {}
        """Group to the node on which it last ran; empty: seen, and it ran nowhere so far."""
        self._lost_s: dict[str, float] = {}
        """Group to when it was last known to run, in the caller's seconds; present while it is away."""
        self._seen = False

    def of(self, now: ClusterStatus, now_s: float) -> list[Fact]:
        """Return what has changed since the last call. ``now_s`` is monotonic, when the status came."""
        found = [*self._view_changes(now), *self._link_changes(now), *self._moves(now, now_s)]
        facts = found if self._seen else []
        self._seen = True
        return facts

    def _view_changes(self, now: ClusterStatus) -> Iterator[Fact]:
        if not now.view or now.view == self._view:
            return
        members = tuple(node.name for node in now.nodes if node.state == "member")
        left = [name for name in self._members if name not in members]
        joined = [name for name in members if name not in self._members]
        self._view, self._members = now.view, members
        epoch = int(now.view.partition(".")[0])
        yield Fact("view_installed", {"epoch": epoch, "members": list(members), "left": left, "joined": joined})

    def _link_changes(self, now: ClusterStatus) -> Iterator[Fact]:
        for node in now.nodes:
            for link in node.links:
                if link.state not in ("up", "down"):
                    continue  # late and unknown are on the way to one of these
                before = self._links.get((node.name, link.name))
                self._links[node.name, link.name] = link.state
                if before is not None and before != link.state:
                    yield Fact("link_changed", {"node": node.name, "link": link.name, "state": link.state})

    def _moves(self, now: ClusterStatus, now_s: float) -> Iterator[Fact]:
        for group in now.groups:
            source = self._places.setdefault(group.name, "")
            if group.state == "running":
                lost_s = self._lost_s.pop(group.name, None)
                self._places[group.name] = group.node
                if source != group.node:
                    since_s = now_s - group.since_s
                    away_s = max(0.0, since_s - lost_s) if lost_s is not None and source else 0.0
                    move = {"group": group.name, "source": source, "target": group.node, "away_s": round(away_s, 3)}
                    yield Fact("group_moved", move)
            elif source:
                self._lost_s.setdefault(group.name, _lost_s(now, group, source, now_s))


def _lost_s(now: ClusterStatus, group: GroupStatus, source: str, now_s: float) -> float:
    """Return when the group was last known to run: when its state changed, or before, when its node was last heard."""
    heard = next((node.heard_s for node in now.nodes if node.name == source and node.state != "member"), None)
    return min(now_s - group.since_s, now_s - (heard or 0.0))
