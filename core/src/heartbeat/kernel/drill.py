"""A rehearsal that this node leads: who is switched, with what, since when; and what was seen so far."""

import enum

from heartbeat.model.proof import Proof
from heartbeat.model.view import Member


class Step(enum.Enum):
    """How far it is."""

    DRAINING = "draining"
    OFF_ORDERED = "off ordered"
    WATCHING = "watching"
    """The device reads off: does the node fall silent?"""
    KEPT_OFF = "kept off"
    """It is silent, and stays so for a while: a device that only reboots shows now."""
    READING = "reading"
    """Once more, before it is switched on."""
    ON_ORDERED = "on ordered"
    COMING_BACK = "coming back"
    MENDING = "mending"
    """Something was wrong: the outlet is switched on again, whatever it feeds."""


class Drill:
    """One rehearsal."""

    def __init__(self, number: int, ticket: int, target: Member, device: str, now_s: float) -> None:
        self.number = number
        self.ticket = ticket
        self.target = target
        self.device = device
        self.boot_id = ""
        """What the target told of its machine."""
        self.operator = ""
        self.date = ""
        self.window_end_s = 0.0
        self.off_for_s = 0.0
        self.step = Step.DRAINING
        self.since_s = now_s
        """When this step began."""
        self.operation = 0
        self.held: tuple[int, ...] = ()
        """Groups that the target held in the beginning: each is to run elsewhere before its power goes."""
        self.ordered_s = 0.0
        self.read_s = 0.0
        """When the device read off; 0: it has not."""
        self.off_s = 0.0
        self.proof = Proof.NONE
        """What the device's word is worth."""
        self.code = ""
        self.text = ""
        """What went wrong."""

    def goes_to(self, step: Step, now_s: float) -> None:
        self.step, self.since_s, self.operation = step, now_s, 0
