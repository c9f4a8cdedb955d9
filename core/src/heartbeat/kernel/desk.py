"""The desk: where the kernel's parts write down what they decide and what is to be done, during one step."""

from heartbeat.kernel.birth import Birth
from heartbeat.kernel.effects import Effect, Record, Run
from heartbeat.model.cluster import Cluster
from heartbeat.model.names import Nid, NodeName
from heartbeat.model.operation import Action
from heartbeat.model.reason import Decision, because
from heartbeat.model.tie import Tie
from heartbeat.model.view import Member


class Desk:
    """Shared by all parts of one kernel; holds no policy."""

    def __init__(self, cluster: Cluster, birth: Birth) -> None:
        self.cluster = cluster
        self.birth = birth
        self.me = birth.me
        self.member = Member(birth.me, birth.incarnation)
        self.others = tuple(Nid(n) for n in range(len(cluster.nodes)) if n != birth.me)
        self.now_s = 0.0
        self.born_s = 0.0
        self.effects: list[Effect] = []
        self.urgent = False
        """Something that a beat carries has changed: send one in this step."""
        self.greets = False
        """A node was heard that does not know yet that it is: a beat is to tell it so, soon."""
        self.changed = False
        """Something that ``hb status`` shows has changed."""
        self._decisions = 0
        # Operations are numbered apart from those of earlier lives, which may still report.
        self._operations = birth.incarnation << 20

    def name(self, nid: Nid) -> NodeName:
        return self.cluster.nodes[nid]

    def node(self, nid: Nid) -> str:
        """``node node1``: the subject of decisions about it."""
        return f"node {self.cluster.nodes[nid]}"

    def decide(self, kind: str, subject: str, text: str, *causes: int | str, alarm: bool = False) -> int:
        """Record a decision and return its number, to be a later decision's cause."""
        self._decisions += 1
        self.changed = True
        decision = Decision(self._decisions, self.now_s, kind, subject, text, because(*causes), alarm)
        self.effects.append(Record(decision))
        return self._decisions

    def run(
        self,
        action: Action,
        subject: str,
        *,
        group: str = "",
        host: str = "",
        timeout_s: float = 60.0,
        on_hold: bool = False,
        token: int = 0,
        host_boot_id: str = "",
        tie: Tie | None = None,
    ) -> int:
        """Have the executor do something; return the operation's id."""
        self._operations += 1
        run = Run(self._operations, action, subject, group, host, timeout_s, on_hold, token, host_boot_id, tie)
        self.effects.append(run)
        return self._operations
