"""The table of ``/S``: where the state stands, its heading tells; there is another ON or OFF, the default, beside it.

Plug | Name             | Password    | Status | Boot/Seq. Delay | Default |
-----+------------------+-------------+--------+-----------------+---------+
  1  | node1            | (undefined) |   ON   |    0.5 Secs     |   ON    |
-----+------------------+-------------+--------+-----------------+---------+
"""

import re
from collections.abc import Sequence

from heartbeat.plugin import Power
from heartbeat.plugin.outlets import Outlet

_RULE = re.compile(r"^-+(\+-+)+\+?$")
POWERS = {"ON": Power.ON, "OFF": Power.OFF}


def plugs(answer: str) -> Sequence[Outlet]:
    """Return the plugs of a whole table; none of one that broke off, lost a row or has other columns."""
    lines = [line.strip() for line in answer.splitlines()]
    columns = next((_cells(line) for line in lines if line.startswith("Plug") and "|" in line), [])
    rules = [at for at, line in enumerate(lines) if _RULE.match(line)]
    if not {"Plug", "Name", "Status"} <= set(columns) or len(rules) < 2:
        return []
    rows = [cells for line in lines[rules[0] : rules[-1]] if "|" in line and (cells := _cells(line))[0].isdecimal()]
    name, status = columns.index("Name"), columns.index("Status")
    if any(len(row) < len(columns) for row in rows):
        return []
    found = [Outlet(row[0], row[name], POWERS.get(row[status], Power.UNKNOWN)) for row in rows]
    return found if [plug.number for plug in found] == [str(number) for number in range(1, len(found) + 1)] else []


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.rstrip("|").split("|")]
