"""L1 to L3, L5 to L8: what must come about once faults have stopped. The runner says when it looked, and the bounds."""

from heartbeat.model.names import Nid
from heartbeat.model.view import ViewId
from heartbeat.sim.check.checker import MAY_ACT, Checker, Setting
from heartbeat.sim.observation import Flushing, Installed, Look, Observation


def divided(look: Look) -> str:
    """Return what keeps the asked nodes from being one view of exactly themselves; empty when they are."""
    views = {nid: look.views[nid] for nid in look.asked}
    for nid, view in views.items():
        if view is None:
            return f"node {nid} has no daemon"
        if view.nids != look.asked:
            return f"node {nid} is in view {view.id} of {view.nids}, not of {look.asked}"
    if len({view.id for view in views.values() if view is not None}) > 1:
        return "they are in different views of the same members"
    return ""


def idle_groups(look: Look) -> list[str]:
    """Return the runnable groups that are not active, whole, on exactly one node."""
    return [
        f"{group} runs on {list(look.whole[group])} and in part on {list(look.holders[group])}"
        for group in look.runnable
        if len(look.whole[group]) != 1 or len(look.holders[group]) != 1
    ]


class OneView(Checker):
    law = "L1"
    says = "nodes that all hear each other share one view within deadtime + 1 s"
    sees = (Look,)

    def see(self, observation: Observation) -> None:
        assert isinstance(observation, Look)
        why = divided(observation) if observation.phase in ("subset", "all") else ""
        if why:
            self.broken(observation, f"{observation.phase}: after {observation.waited_s:.3f} s: {why}")


class _Measured(Checker):
    """A duration that the runner measured, against its bound."""

    sees = (Look,)

    def see(self, observation: Observation) -> None:
        assert isinstance(observation, Look)
        took_s, bound_s = observation.since.get(self.law), observation.bounds.get(self.law, float("inf"))
        if took_s is not None and took_s > bound_s:
            self.broken(observation, f"{observation.phase}: took {took_s:.3f} s, bound {bound_s:.3f} s")


class Exclusion(_Measured):
    law = "L2"
    says = "a crashed node is out of all survivors' views within deadtime + keepalive + 150 ms"


class Joining(_Measured):
    law = "L3"
    says = "a node that starts is in the view within 1 s of being heard"


class Active(Checker):
    law = "L5"
    says = "in a view with quorum every group that nothing forbids is active, on one node, whole"
    sees = (Look,)

    def see(self, observation: Observation) -> None:
        assert isinstance(observation, Look)
        stands = [observation.standings.get(nid) for nid in observation.asked]
        if observation.phase == "idle" or not all(stand in MAY_ACT for stand in stands):
            return
        for text in idle_groups(observation):
            self.broken(observation, f"{observation.phase}: after {observation.waited_s:.3f} s {text}")


class NotStuck(Checker):
    law = "L6"
    says = "a node leaves a view change that does not end, within four times the round's time"
    sees = (Flushing,)
    BOUND_S = 1.0
    """4 x membership.ROUND_S."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._since: dict[Nid, tuple[ViewId, float]] = {}

    def see(self, observation: Observation) -> None:
        assert isinstance(observation, Flushing)
        nid, ballot = observation.member.nid, observation.ballot
        before = self._since.get(nid)
        if not ballot.epoch:
            self._since.pop(nid, None)
        elif before is None or before[0] != ballot:
            self._since[nid] = (ballot, observation.at_s)
        elif observation.at_s - before[1] > self.BOUND_S:
            self.broken(observation, f"{self.name(nid)} waits on ballot {ballot} since {before[1] - 1000:.3f} s")


class Takeover(_Measured):
    law = "L7"
    says = "what a fenced node held starts elsewhere within 100 ms of the proof"


class Calm(Checker):
    law = "L8"
    says = "with 1 % loss on two links, jitter below deadtime/4 and no fault, the view does not change"
    sees = (Look, Installed)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._from_s: float | None = None

    def see(self, observation: Observation) -> None:
        if isinstance(observation, Look):
            self._from_s = observation.at_s if observation.phase == "idle" else None
        elif isinstance(observation, Installed) and self._from_s is not None:
            self.broken(observation, f"{self.name(observation.member.nid)} installs view {observation.view.id}")
