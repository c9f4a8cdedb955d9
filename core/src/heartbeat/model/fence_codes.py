"""What a check of the STONITH devices, or a rehearsal, can find: each with its stable code, severity and title.

A number, once given, keeps its meaning for ever. Each has a section in ``docs/fencing-check.md``, and a test holds the
two in step.
"""

from typing import Literal

import msgspec

Severity = Literal["error", "warning", "advice"]


class FenceCode(msgspec.Struct, frozen=True):
    """One kind of finding. An error: the node may not be switched off when it must be."""

    code: str
    severity: Severity
    title: str


FENCE_CODES: dict[str, FenceCode] = {}
"""All of them, in order of number."""


def _define(number: int, severity: Severity, title: str) -> FenceCode:
    code = FenceCode(f"HB-F{number:03}", severity, title)
    assert code.code not in FENCE_CODES, code.code
    FENCE_CODES[code.code] = code
    return code


# Reaching the device.
UNREACHABLE = _define(1, "error", "a device cannot be reached")
DENIED = _define(2, "error", "a device refuses the login")
SILENT = _define(3, "error", "a device does not answer in time")
NONSENSE = _define(4, "error", "a device answers, and not as its type does")
PARAMETERS = _define(5, "error", "the parameters of a device cannot work")
MISSING = _define(6, "error", "something that a device needs is missing on this node")
FROM_SOME = _define(7, "error", "a device answers some nodes and not others")

# Whom it switches.
NOT_ITS_HOST = _define(10, "error", "a device does not switch the node that it is meant for")
OTHER_NAME = _define(11, "error", "an outlet carries another node's name")
STRANGE_NAME = _define(12, "warning", "an outlet carries the name of no node")
OFF_BUT_RUNS = _define(13, "error", "a device reads a node off that runs")
OTHER_MACHINE = _define(14, "error", "a controller sits in another machine")
TWO_NODES = _define(15, "error", "one outlet for two nodes")
UNCOVERED = _define(16, "error", "no other node can switch a node off")

# What it is worth.
CANNOT_SAY = _define(20, "error", "a device cannot say whether a node is off")
WOULD_REFUSE = _define(21, "error", "a device would refuse our orders")
TOO_SLOW = _define(22, "warning", "a device is slower than it declares")
SLOWER_THAN_DEAD = _define(23, "advice", "switching off takes longer than noticing the death")
NO_SECOND_WAY = _define(24, "warning", "two devices of a node are one")
DIES_WITH_HOST = _define(25, "advice", "every device of a node dies with its power")
TEST_ONLY = _define(26, "warning", "a device is for tests only")
NOT_CHECKED = _define(27, "warning", "a node did not say how its devices are")
CANNOT_BE_ASKED = _define(28, "warning", "a device takes orders and cannot be asked")
EASILY_POSED = _define(29, "warning", "somebody else may pass for a device")

# What only a rehearsal shows.
STILL_ON = _define(40, "error", "rehearsed: the order was taken, and the power stayed on")
NOT_OFF = _define(41, "error", "rehearsed: the device reads off, and the node goes on")
OTHER_FELL = _define(42, "error", "rehearsed: another node fell silent")
CAME_BACK = _define(43, "error", "rehearsed: the node was back before it was switched on")
STAYED_AWAY = _define(44, "warning", "rehearsed: the node did not come back")
ORDER_FAILED = _define(45, "error", "rehearsed: the order failed")
