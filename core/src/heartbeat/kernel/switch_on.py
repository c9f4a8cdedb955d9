"""Switching on again: whoever was proved off comes back by itself, where the files say reset and not off."""

from heartbeat.kernel.desk import Desk
from heartbeat.kernel.detector import Detector
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome, Result

TIMEOUT_S = 60.0
"""Longest time for what nobody waits for."""


class SwitchOn:
    """Only the off half decides; a node that cannot be switched on again is somebody's work tomorrow."""

    def __init__(self, desk: Desk, detector: Detector) -> None:
        self._desk, self._detector = desk, detector
        self._under_way: dict[int, tuple[Nid, str]] = {}
        """By operation: whom, and with which device."""
        self._lost: list[tuple[Nid, str]] = []
        """Whose order was lost with its executor."""

    def begin(self, device: str, nid: Nid) -> None:
        """Have the device that switched the node off switch it on."""
        number = self._desk.run(Action.ON, device, host=self._desk.name(nid), timeout_s=TIMEOUT_S)
        self._under_way[number] = (nid, device)

    def finished(self, number: int, result: Result) -> bool:
        """Take an operation's result; False when it was not one of these."""
        if number not in self._under_way:
            return False
        nid, _ = self._under_way.pop(number)
        desk, name = self._desk, self._desk.name(nid)
        if result.outcome is Outcome.DONE:
            desk.decide("fence.on", desk.node(nid), f"{name} was switched on again", "it was off for certain")
        else:
            why = result.detail or result.outcome.value
            desk.decide("fence.on-failed", desk.node(nid), f"{name} could not be switched on again", why, alarm=True)
        return True

    def executor_lost(self) -> None:
        """Nobody will tell how it went."""
        self._lost += self._under_way.values()
        self._under_way.clear()

    def executor_back(self) -> None:
        """Switch on whoever did not come back by the order that was lost."""
        lost, self._lost = self._lost, []
        for nid, device in lost:
            if not self._detector.peers[nid].alive:
                self.begin(device, nid)
