"""Levels of STONITH devices: each line is one, tried in the order of the file; ``stonith_and`` joins the line above.

Devices of one level feed the same nodes together, as two strips do a node with two power supplies: a node is off when
all of them read off. So they stand and fall together: one line that says nothing takes the others of its level along.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import msgspec

from heartbeat.config import codes
from heartbeat.config.device_line import DeviceLine
from heartbeat.config.hacf import Use
from heartbeat.config.reading import Reading

JOINS = "stonith_and"


def in_levels(uses: Sequence[Use], lines: Sequence[DeviceLine | None], reading: Reading) -> Iterator[DeviceLine]:
    """Yield the devices with the number of their level and its size; ``lines`` are what ``uses`` say, in order."""
    levels: list[list[int]] = []
    for index, use in enumerate(uses):
        if use.directive.text != JOINS:
            levels.append([index])
        elif levels:
            levels[-1].append(index)
        else:
            message = f"{JOINS} stands before every stonith_host line, so it joins none"
            mend = "write stonith_host, or move it below the line whose nodes it feeds, too"
            reading.found.add(codes.LEVEL_UNFIT, use.words[0].place, message, mend=mend)
    for number, level in enumerate(levels, 1):
        members = [line for index in level if (line := lines[index]) is not None]
        if len(members) == len(level) and _fit(members, reading):
            for line in members:
                config = msgspec.structs.replace(line.config, level=number, supplies=len(level))
                yield dataclasses.replace(line, config=config)


def _fit(members: Sequence[DeviceLine], reading: Reading) -> bool:
    """Are they for the same user and the same nodes? Who could use or reach only some of them would prove nothing."""
    first, *others = members
    for line in others:
        if line.driver != first.driver:
            message = f"{line.config.name} stands together with {first.config.name}, and another node may use it"
            expected, mend = first.driver or "*", "write the same HOST in both lines"
        elif line.config.hosts and first.config.hosts and line.config.hosts != first.config.hosts:
            message = (
                f"{line.config.name} feeds {', '.join(line.config.hosts)}, and {first.config.name}, with which it "
            )
            message += f"stands together, {', '.join(first.config.hosts)}"
            expected, mend = "the same nodes in both lines", "name the same nodes, or write stonith_host"
        else:
            continue
        reading.found.add(codes.LEVEL_UNFIT, line.place, message, expected=expected, mend=mend)
        return False
    return True
