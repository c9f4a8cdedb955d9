"""Where the objects of each generation of APC strips are (PowerNet-MIB), and what their numbers mean."""

from dataclasses import dataclass

from heartbeat.plugin import Power

APC = "1.3.6.1.4.1.318.1.1"
OBJECT_ID = "1.3.6.1.2.1.1.2.0"
PRODUCTS = "1.3.6.1.4.1.318.1.3.4."
"""Below it sysObjectID tells the product."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The columns of one generation; each outlet's number is the last of an object's identifier."""

    name: str
    names: str
    states: str
    on: int
    off: int
    commands: str
    pending: str
    cancel: int = 0
    """Command that cancels a pending one; 0: there is none."""
    counts: str = ""
    """Below it the number of outlets, of each unit in a chain; empty: the strip does not tell."""
    order_on: int = 1
    order_off: int = 2

    def power(self, state: object) -> Power:
        """Return what a value of ``states`` means; anything unknown, a delayed command too, is UNKNOWN."""
        return (
            {self.on: Power.ON, self.off: Power.OFF}.get(state, Power.UNKNOWN)
            if isinstance(state, int)
            else Power.UNKNOWN
        )

    def order(self, power: Power) -> int:
        return self.order_on if power is Power.ON else self.order_off


SPDU = Tree(
    "sPDU", names=f"{APC}.4.4.2.1.4", states=f"{APC}.4.4.2.1.3", on=1, off=2,
    commands=f"{APC}.4.4.2.1.3", pending=f"{APC}.4.4.2.1.2",
)  # fmt: skip
"""The MasterSwitch of the first generation: AP9211, AP9212."""

RPDU = Tree(
    "rPDU", names=f"{APC}.12.3.5.1.1.2", states=f"{APC}.12.3.5.1.1.4", on=1, off=2,
    commands=f"{APC}.12.3.3.1.1.4", pending=f"{APC}.12.3.5.1.1.5", cancel=7, counts=f"{APC}.12.1.8",
)  # fmt: skip
"""Switched Rack PDU AP79xx."""

RPDU2 = Tree(
    "rPDU2", names=f"{APC}.26.9.2.3.1.3", states=f"{APC}.26.9.2.3.1.5", on=2, off=1,
    commands=f"{APC}.26.9.2.4.1.5", pending=f"{APC}.26.9.2.3.1.6", cancel=8, counts=f"{APC}.26.4.2.1.5",
)  # fmt: skip
"""Second generation, AP8xxx. The state says 1 for off and 2 for on; the command has it the other way round."""

BY_PRODUCT = {"1": SPDU, "2": SPDU, "5": RPDU, "6": RPDU2}
EACH_PENDING = 1
"""Value of ``pending`` while a delayed command waits; 2 is none, in all three."""
