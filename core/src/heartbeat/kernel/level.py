"""One level of devices on its way to a proof: those that feed a node together must all be off at one time.

Each is switched off and read back; then those before the last are read once more. What one of them says alone proves
nothing: a node with two power supplies runs on either.
"""

from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.model.proof import Proof


class Level:
    """A level being tried; the one who tries it asks what is next and brings the results."""

    def __init__(self, devices: tuple[str, ...] = (), *, only_read: bool = False) -> None:
        """``only_read``: what was ordered is known, what came of it is not."""
        self.devices = devices
        self._to_switch = [] if only_read else list(devices)
        self._to_read = list(devices if only_read else devices[:-1])
        self._action = Action.FENCE
        self._words: list[str] = []
        self._proofs: list[Proof] = []
        self._failure: Result | None = None
        self.device = ""
        """At work, or the last that was."""

    def next(self) -> tuple[Action, str] | None:
        """Return what is to be done next, and with which device; None when the level's result is known."""
        if self._failure is not None or not (self._to_switch or self._to_read):
            return None
        self._action = Action.FENCE if self._to_switch else Action.POWER
        self.device = (self._to_switch or self._to_read).pop(0)
        return self._action, self.device

    def take(self, result: Result, *, has_lied: bool) -> None:
        """Take the result of what was last asked for. The word of a device that has lied is no more than a word."""
        proof = min(result.proof, Proof.ASKED) if has_lied else result.proof
        if self._action is Action.POWER:
            is_off = result.outcome is Outcome.STOPPED and proof >= Proof.SELF_FENCED
        else:
            is_off = result.outcome is Outcome.DONE and proof is not Proof.NONE
            if proof < Proof.SELF_FENCED and self.device in self._to_read:
                self._to_read.remove(self.device)  # it cannot be asked, or not be believed: nothing more to learn
        if is_off:
            self._proofs.append(proof)
            if self._action is Action.FENCE and result.detail:
                self._words.append(result.detail)
        else:
            said = result.detail or result.outcome.value
            alone = len(self.devices) == 1
            outcome = Outcome.FAILED if result.outcome is Outcome.DONE else result.outcome
            self._failure = Result(outcome, said if alone else f"{self.device}: {said}")

    def result(self) -> Result:
        """Return what the level proves, DONE with the weakest proof of all, or what failed."""
        if self._failure is not None:
            return self._failure
        together = f" ({' and '.join(self.devices)} together)" if len(self.devices) > 1 else ""
        words = "; ".join(dict.fromkeys(self._words))
        return Result(Outcome.DONE, f"{words}{together}" if words else "", min(self._proofs))
