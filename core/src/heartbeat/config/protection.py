"""Are the groups that share data protected by a device that deserves it? And how long will a fence take?"""

from collections.abc import Sequence

from heartbeat.config import codes
from heartbeat.config.devices import DeviceLine
from heartbeat.config.finding import Findings, Place
from heartbeat.config.hacf import HaCf
from heartbeat.config.reading import Reading
from heartbeat.model.cluster import Timers
from heartbeat.model.duration import show_duration
from heartbeat.model.group import Group
from heartbeat.model.names import NodeName

NO_STONITH = "no-stonith"
TEST_STONITH = "test-stonith"
"""Words of the ``acknowledge`` directive."""

_WHOLE = Place("ha.cf")


def covered(lines: Sequence[DeviceLine], nodes: Sequence[NodeName]) -> tuple[NodeName, ...]:
    """Return the nodes that some other node could switch off."""
    return tuple(node for node in nodes if any(line.could_fence(node, nodes) for line in lines))


def judge_protection(hacf: HaCf, lines: Sequence[DeviceLine], groups: Sequence[Group], reading: Reading) -> None:
    """Shared data needs a device; a test device is none, unless the administrator acknowledges it."""
    nodes, found = reading.nodes, reading.found
    acknowledged = {word.text.lower(): word.place for word in hacf.words("acknowledge")}
    sharing = [group.name for group in groups if group.shares_data] if len(nodes) > 1 else []
    needed: set[str] = set()
    complete = len(lines) == len(hacf.all("stonith")) + len(hacf.all("stonith_host"))
    if complete and sharing and not covered(lines, nodes):
        needed.add(NO_STONITH)
        _unless(
            acknowledged.get(NO_STONITH),
            codes.NO_PROTECTION,
            f"no STONITH device for any node, and {_names(sharing)} share{'s' * (len(sharing) == 1)} data",
            "add a stonith_host line, or: acknowledge no-stonith",
            found,
        )
    if lines and sharing and complete:
        only_test = [node for node in covered(lines, nodes) if not _covered_for_real(lines, node, nodes)]
        if only_test:
            needed.add(TEST_STONITH)
            message = f"{', '.join(only_test)} can be switched off by a test device only, and {_names(sharing)} "
            message += f"share{'s' * (len(sharing) == 1)} data"
            mend = "add a real device, or: acknowledge test-stonith"
            _unless(acknowledged.get(TEST_STONITH), codes.TEST_PROTECTION, message, mend, found)
    for word, place in acknowledged.items():
        if word not in needed and complete:
            message = f"{word} is acknowledged, but nothing needs it"
            found.add(codes.NEEDLESS_ACKNOWLEDGEMENT, place, message, mend="delete the word")
    if complete and lines:
        _judge_cover(lines, nodes, sharing, found)


def _covered_for_real(lines: Sequence[DeviceLine], node: NodeName, nodes: Sequence[NodeName]) -> bool:
    return any(line.could_fence(node, nodes) and not line.config.test_only for line in lines)


def _names(groups: Sequence[str]) -> str:
    return ("group " if len(groups) == 1 else "groups ") + ", ".join(groups)


def _unless(acknowledged: Place | None, code: codes.Code, message: str, mend: str, found: Findings) -> None:
    """An error, or, when it is acknowledged, a note of what that means."""
    if acknowledged is None:
        found.add(code, _WHOLE, message, expected="a device that reads power back", mend=mend)
        return
    meaning = "a takeover from a silent node waits for hb stonith confirm or such a device"
    found.add(codes.ACKNOWLEDGED, acknowledged, f"acknowledged: {message}; {meaning}")


def _judge_cover(
    lines: Sequence[DeviceLine], nodes: Sequence[NodeName], sharing: Sequence[str], found: Findings
) -> None:
    for node in nodes:
        fencing = [line for line in lines if line.could_fence(node, nodes)]
        if not fencing and len(nodes) > 1:
            message = f"no other node can switch {node} off: when it falls silent, what shares data waits for a person"
            found.add(codes.NODE_UNCOVERED, _WHOLE, message, mend="add a stonith_host line for it")
        elif fencing and sharing and not any(line.config.can_read_power for line in fencing):
            message = f"no device reads back that {node} is off: shared data waits for hb stonith confirm"
            found.add(codes.NO_READ_BACK, fencing[0].place, message, mend="add a device that can read power")


def judge_devices(lines: Sequence[DeviceLine], timers: Timers, reading: Reading) -> None:
    """Say what single devices are: for tests, useless, or slower than the detection of a death."""
    nodes, found = reading.nodes, reading.found
    for line in lines:
        config = line.config
        if config.test_only:
            found.add(codes.TEST_DEVICE, line.place, f"{config.name} is a test device: {config.test_only}")
        if config.worst_off_s > timers.deadtime_s:
            total = show_duration(timers.deadtime_s + config.worst_off_s)
            message = f"{config.name} may need {show_duration(config.worst_off_s)} to switch off and read back"
            message += f", more than deadtime {show_duration(timers.deadtime_s)}: {total} in all"
            found.add(codes.DEVICE_DOMINATES, line.place, message, mend="a shorter deadtime would gain little")
        if len(nodes) > 1 and not any(line.could_fence(node, nodes) for node in nodes) and config.hosts:
            who = line.driver or "every node"
            if set(config.hosts) & set(nodes):
                message = f"{config.name} lets {who} switch {', '.join(config.hosts)} only"
                found.add(codes.SELF_ONLY, line.place, message, mend="name the other nodes on the line")
