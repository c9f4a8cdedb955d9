"""May a node that starts alone shoot the ones it has never heard?

Once per own boot, and only if no peer is known to have outlived it: a node that was shot and boots into a lasting
cut must not shoot the healthy survivor. It waits, says so, or a person confirms.
"""

from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.durability import Durability
from heartbeat.kernel.effects import Persist
from heartbeat.kernel.ledger import Ledger
from heartbeat.model.names import Nid
from heartbeat.model.view import View


class Credit:
    """Remembers over restarts who was there, not proved away, when this node's last life ended."""

    def __init__(self, desk: Desk, durability: Durability) -> None:
        self._desk, self._durability = desk, durability
        self._outlived_by = _nids(desk.birth.stored.get("company", b""))
        self._company = set(self._outlived_by)
        self._spent = _nids(desk.birth.stored.get("credit.spent", b""))
        self._said: dict[Nid, str] = {}

    def obstacle(self, nid: Nid) -> str:
        """Return why this node must not fence one that it has not heard in this life; empty when it may."""
        name = self._desk.name(nid)
        if nid in self._outlived_by:
            return f"{name} was there when this node's last life ended and may have outlived it"
        if nid in self._spent:
            return f"{name} was already fenced once without ever being heard since"
        if self._durability.problem:
            return "that could not be remembered, because this node's disk does not store its state"
        return ""

    def refuses(self, nid: Nid) -> bool:
        """Has this node no right to shoot that one? Say so once, and wait for it or for a person."""
        problem, name = self.obstacle(nid), self._desk.name(nid)
        if problem and self._said.get(nid) != problem:
            self._desk.decide(
                "fence.no-credit",
                self._desk.node(nid),
                f"{name} is not fenced: {problem}; start it, or hb stonith confirm {name}",
                problem,
                alarm=True,
            )
        self._said[nid] = problem
        return bool(problem)

    def spend(self, nid: Nid) -> None:
        self._spent.add(nid)
        self._desk.effects.append(Persist("credit.spent", _bytes(self._spent)))

    def view_installed(self, view: View) -> None:
        """A view says who is there; a full one gives all credits back."""
        self._remember(self._company | {nid for nid in view.nids if nid != self._desk.me})
        if len(view.members) == len(self._desk.cluster.nodes) and self._spent:
            self._spent = set()
            self._desk.effects.append(Persist("credit.spent", b""))

    def proved_away(self, nid: Nid) -> None:
        """This node outlived that one, not the reverse; silence alone would not say so."""
        self._outlived_by.discard(nid)
        self._remember(self._company - {nid})

    def bury(self, ledger: Ledger, detector: Detector, view: View) -> None:
        """Who is proved away is expected to be silent, and outlived by this node."""
        for nid, proved in ledger.proofs.items():
            peer = detector.peers[nid]
            if peer.incarnation <= proved.incarnation:
                self.proved_away(nid)
                if peer.alive and not view.has(nid):
                    detector.departed(nid)

    def _remember(self, company: set[Nid]) -> None:
        if company != self._company:
            self._company = company
            self._desk.effects.append(Persist("company", _bytes(company)))


def _nids(text: bytes) -> set[Nid]:
    return {Nid(int(word)) for word in text.split(b",") if word}


def _bytes(nids: set[Nid]) -> bytes:
    return ",".join(str(nid) for nid in sorted(nids)).encode()
