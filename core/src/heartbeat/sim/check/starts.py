"""S15: what permits a start."""

from heartbeat.model.names import Nid
from heartbeat.model.operation import Action
from heartbeat.model.proof import Proof
from heartbeat.model.view import ViewId
from heartbeat.sim.check.checker import MAY_ACT, Checker, Setting
from heartbeat.sim.observation import Confirmed, Farewell, Fenced, Gone, LetGo, Lied, Observation, Outwaited, Ran


class ProvedStart(Checker):
    law = "S15"
    says = (
        "what shares data starts only when each other node is in the view, fenced, left in order, confirmed off, or"
        " rests in this view or a later one and calls the group stopped, or others have waited for its watchdog, and"
        " that life is over then and its machine holds nothing; what shares none, too, where that node was heard and a"
        " device can switch it"
    )
    sees = (Ran, Fenced, Outwaited, Gone, Farewell, Confirmed, Lied, LetGo)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._over: dict[Nid, int] = {}
        """The newest life of each node of which the world knows a ground to call it over."""
        self._asked: dict[Nid, int] = {}
        """The same for grounds that are enough where no data is shared."""
        self._lied: set[str] = set()
        self._let_go: dict[tuple[Nid, str], tuple[int, ViewId]] = {}
        """(node, group) to the life that let it go last, and the view up to which it takes no order."""

    def see(self, observation: Observation) -> None:
        if isinstance(observation, Ran):
            if observation.run.action is Action.START:
                self._start(observation)
        elif isinstance(observation, LetGo):
            for group in observation.stopped:
                self._let_go[observation.nid, group] = (observation.incarnation, observation.rests)
        elif isinstance(observation, Lied):
            self._lied.add(observation.resource)
        else:
            self._ground(observation)

    def _ground(self, observation: Observation) -> None:
        """Take what shows that a life is over."""
        if isinstance(observation, Fenced):
            if observation.proof >= self._needed():
                self._ended(observation.target, observation.incarnation)
            if observation.proof >= Proof.ASKED:
                self._note(self._asked, observation.target, observation.incarnation)
        elif isinstance(observation, Outwaited):
            self._outwaited(observation)
        elif isinstance(observation, Confirmed):
            self._ended(observation.target, observation.incarnation)
        elif isinstance(observation, Gone):
            if observation.clean:
                self._ended(observation.nid, observation.incarnation)
        elif isinstance(observation, Farewell) and not observation.active - self._lied:
            self._ended(observation.nid, observation.incarnation)

    def _outwaited(self, seen: Outwaited) -> None:
        left = sorted(seen.active - self._lied)
        if seen.lives or left:
            what = f"it holds {', '.join(left)}" if left else "its daemon still steps it"
            self.broken(
                seen,
                f"{self.name(seen.by)} has waited for the watchdog of life {seen.incarnation} of"
                f" {self.name(seen.target)}, and {what}",
            )
        self._ended(seen.target, seen.incarnation)

    def _needed(self) -> Proof:
        return Proof.ASKED if self.cluster.asked_is_enough else Proof.SELF_FENCED

    def _ended(self, nid: Nid, incarnation: int) -> None:
        self._note(self._over, nid, incarnation)
        self._note(self._asked, nid, incarnation)

    def _note(self, grounds: dict[Nid, int], nid: Nid, incarnation: int) -> None:
        grounds[nid] = max(incarnation, grounds.get(nid, 0))

    def _start(self, ran: Ran) -> None:
        shares = self.shares_data(ran.run.group)
        if shares and ran.standing not in MAY_ACT:
            self.broken(ran, f"{self.name(ran.nid)} starts {ran.run.group} without quorum")
        if ran.run.subject != self._first(ran.run.group):
            return  # a group is given away as a whole: who did not hold it then gets it from nobody meanwhile
        grounds = self._over if shares else self._asked
        for other, life in ran.known.items():
            if not shares and not self._is_switched_first(ran, other, life):
                continue  # an unproved takeover: promise (c) has its law
            freed_life, rests = self._let_go.get((other, ran.run.group), (-1, ViewId()))
            is_free = freed_life >= life and rests >= ran.view.id
            if not ran.view.has(other) and grounds.get(other, -1) < life and not is_free:
                self.broken(
                    ran,
                    f"{self.name(ran.nid)} starts {ran.run.group} though nothing shows that life {life} of"
                    f" {self.name(other)} is over",
                )

    def _is_switched_first(self, ran: Ran, other: Nid, life: int) -> bool:
        """Did who decides this start hear a node that can be switched? What another knew is not seen here."""
        return ran.view.nids[0] == ran.nid and life > 0 and self.cluster.nodes[other] in self.cluster.has_device

    def _first(self, group: str) -> str:
        return next(each.resources[0].name for each in self.cluster.groups if each.name == group)
