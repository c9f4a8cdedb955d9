"""The list of ``STATUS``, in the three forms that the models have.

RPC-5 and RPC-3: number, name and state in columns, the number once more between them, a blank line at the end::

      1       node1               1       On

RPC3-NC, RPC-18 to RPC-28 (two in a line), DS-RPC::

     1)...node1           : On          7)...Outlet  7       : Off   Locked
     1) . . . node1 : Off
"""

import re
from collections.abc import Sequence

from heartbeat.plugin import Power
from heartbeat.plugin.outlets import Outlet

_COLUMNS = re.compile(r"^ *(\d+) +(\S+(?: \S+)*?) *(?: {2,}\1)? +(On|Off)\b *", re.MULTILINE)
_DOTTED = re.compile(r"(?:^|\s)(\d+)\)[ .]*(\S.*?) *: *(On|Off)\b")


def outlets_of(answer: str) -> Sequence[Outlet]:
    """Return the outlets by number; none when one is missing or the list in columns has no end."""
    dotted = list(_DOTTED.finditer(answer))
    rows = dotted or list(_COLUMNS.finditer(answer))
    if not rows or (not dotted and not answer[rows[-1].end() :].startswith("\n\n")):
        return []
    found = {int(row[1]): Outlet(row[1], row[2], Power(row[3].lower())) for row in rows}
    if len(found) < len(rows) or sorted(found) != list(range(1, len(found) + 1)):
        return []
    return [found[number] for number in sorted(found)]
