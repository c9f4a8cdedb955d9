"""Attempts: what this node does itself to have a node off, from the first level of devices to the proof.

The levels are tried in order until one proves the target off; everybody is told how it goes. An attempt that has
begun is never called back: the device may already have acted. Where the executor took the answer with it, the power
is read before anything is switched again.
"""

from heartbeat.kernel.case import Case, Stage
from heartbeat.kernel.cases import Cases
from heartbeat.kernel.channel import Channel
from heartbeat.kernel.credit import Credit
from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.kernel.devices import Devices
from heartbeat.kernel.ledger import Ledger
from heartbeat.kernel.level import Level
from heartbeat.kernel.membership import Membership
from heartbeat.kernel.switch_on import SwitchOn
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.proof import Proved
from heartbeat.wire.messages import FenceReport

READ_LEAST_S = 2.0
"""Shortest time that a device gets to read a power; longer where it declares a longer worst case."""
READER_WITHIN_S = 10.0
"""An executor that was lost is back within a second; without one after this long, the fence counts as failed."""
PATIENCE_FACTOR, PATIENCE_LEAST_S = 4, 10.0
"""A device is read back for this many times its declared worst case, and at least so long, before it counts as failed:
one that lies about an order would otherwise keep the next attempt, and the alarm, waiting."""


class Attempts:
    """The cases that this node carries out."""

    def __init__(
        self,
        desk: Desk,
        channel: Channel,
        detector: Detector,
        membership: Membership,
        ledger: Ledger,
        credit: Credit,
        devices: Devices,
        cases: Cases,
    ) -> None:
        self._desk, self._channel, self._detector, self._membership = desk, channel, detector, membership
        self._ledger, self._credit, self._devices, self._cases = ledger, credit, devices, cases
        self._switch_on = SwitchOn(desk, detector)

    # Switching off.

    def begin(self, case: Case) -> None:
        """Switch the target off with the first level of this node's devices; some reach it."""
        nid = case.target.nid
        case.stage, case.by = Stage.UNDER_WAY, self._desk.me
        if not self._detector.peers[nid].incarnation:
            self._credit.spend(nid)
        case.ladder = self._devices.levels(nid)
        case.cause = self._desk.decide(
            "fence.begun",
            self._desk.node(nid),
            f"switching {self._desk.name(nid)} off with {' and '.join(case.ladder[0])}",
            case.cause,
        )
        self.tell(case, "begun", None, "")
        self._next_level(case)

    def _next_level(self, case: Case) -> None:
        case.level = Level(case.ladder.pop(0))
        self._go_on(case)

    def _go_on(self, case: Case) -> bool:
        """Have the level's next step done; False when it has none."""
        step = case.level.next()
        if step is None:
            return False
        action, device = step
        worst_s = self._devices.worst_off_s(device)
        timeout_s = max(READ_LEAST_S, worst_s)
        if action is Action.FENCE:
            timeout_s = max(PATIENCE_LEAST_S, PATIENCE_FACTOR * worst_s)
        host, boot_id = self._desk.name(case.target.nid), self._detector.boot_id(case.target)
        case.operation = self._desk.run(action, device, host=host, timeout_s=timeout_s, host_boot_id=boot_id)
        return True

    def finished(self, number: int, result: Result) -> bool:
        """Take a device's result; False when it was not one of ours."""
        if self._switch_on.finished(number, result):
            return True
        case = next((c for c in self._cases.values() if c.operation == number), None)
        if case is None:
            return False
        case.operation = 0
        case.level.take(result, has_lied=self._devices.has_lied(case.level.device, case.target.nid))
        if self._go_on(case):
            return True
        result = case.level.result()
        if case.is_reading:
            self._power_read(case, result)
            return True
        good = result if result.outcome is Outcome.DONE else None
        if good and good.proof < self._ledger.needed(shares_data=True) and case.ladder:
            case.weak, good = good, None
        if good or (case.weak and not case.ladder):
            self._proved(case, good or case.weak or result)
        elif case.ladder:
            self._next_level(case)
        else:
            self._failed(case, result.detail or result.outcome.value, told=result.detail)
        return True

    # Ends.

    def _proved(self, case: Case, result: Result) -> None:
        nid = case.target.nid
        how = result.detail or f"switched off, proof: {result.proof.name.lower()}"
        proved = Proved(nid, case.target.incarnation, result.proof, how)
        case.stage, case.problem = Stage.PROVED, ""
        self._cases.tally.count(self._desk.name(nid))
        case.weak = None
        case.cause = self._desk.decide(
            "fence.proved", self._desk.node(nid), f"{self._desk.name(nid)} is off: {how}", case.cause
        )
        self._ledger.prove(proved)
        self.tell(case, "proved", proved, how)
        if self._desk.cluster.reset_after_off:
            for device in filter(self._devices.gives_power, case.level.devices):
                self._switch_on.begin(device, nid)

    def _failed(self, case: Case, problem: str, *, told: str) -> None:
        self.tell(case, "failed", None, told)
        self._cases.failed(case, problem)

    def tell(self, case: Case, state: str, proved: Proved | None, detail: str) -> None:
        """Tell the other members how it goes: ``begun``, ``proved``, ``failed`` or ``refused``."""
        if len(self._membership.view.members) > 1:
            self._channel.post(FenceReport(case.number, case.target, state, proved, detail))

    # An executor that was lost in the middle of one.

    def executor_lost(self) -> None:
        """A fence under way is of unknown outcome: the off command may have left, so the target stays under fire."""
        for case in self._cases.values():
            if case.operation:
                case.operation, case.is_unknown, case.is_reading = 0, True, False
                case.not_before_s = self._desk.now_s + READER_WITHIN_S
                name = self._desk.name(case.target.nid)
                case.cause = self._desk.decide(
                    "fence.unknown",
                    self._desk.node(case.target.nid),
                    f"it is unknown whether {name} was switched off: its power is read once the executor is back",
                    "the executor was lost in the middle of it",
                    case.cause,
                    alarm=True,
                )
        self._switch_on.executor_lost()

    def executor_back(self) -> None:
        """Read the power where the last executor took the answer with it, rather than switch all over again."""
        self._switch_on.executor_back()
        for case in self._cases.values():
            if case.is_unknown:
                case.is_unknown, case.is_reading = False, True
                case.level = Level(case.level.devices, only_read=True)
                self._go_on(case)

    def _power_read(self, case: Case, result: Result) -> None:
        case.is_reading = False
        if result.outcome is Outcome.DONE:
            reads = f"{' and '.join(case.level.devices)} read{'s' if len(case.level.devices) == 1 else ''}"
            how = f"{reads} {self._desk.name(case.target.nid)} off"
            self._proved(case, Result(Outcome.DONE, how, result.proof))
        else:
            problem = f"the executor was lost in the middle of it, and its power reads: {result.detail}"
            self._not_read(case, problem)

    def _not_read(self, case: Case, problem: str) -> None:
        case.is_unknown = False
        self._failed(case, problem, told=problem)

    # Time.

    def deadline_s(self) -> float:
        """Return when it is to be given up that an executor comes back to read a power."""
        return min((case.not_before_s for case in self._cases.values() if case.is_unknown), default=float("inf"))

    def wake(self) -> None:
        for case in [*self._cases.values()]:
            if case.is_unknown and self._desk.now_s >= case.not_before_s:
                self._not_read(case, "no executor came back to read the power")
