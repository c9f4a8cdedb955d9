"""Are the groups that share data protected by a device that deserves it? And how long will a fence take?"""

from collections.abc import Sequence

from heartbeat.config import codes
from heartbeat.config.device_line import DeviceLine
from heartbeat.config.devices import DIRECTIVES
from heartbeat.config.finding import Place
from heartbeat.config.hacf import HaCf
from heartbeat.config.reading import Reading
from heartbeat.config.resources import GroupSurvey
from heartbeat.config.watchdog import watchdog_proves
from heartbeat.model.cluster import Timers
from heartbeat.model.duration import show_duration
from heartbeat.model.names import NodeName

NO_STONITH = "no-stonith"
TEST_STONITH = "test-stonith"
"""Words of the ``acknowledge`` directive."""

_WHOLE = Place("ha.cf")


def covered(lines: Sequence[DeviceLine], nodes: Sequence[NodeName]) -> tuple[NodeName, ...]:
    """Return the nodes that some other node could switch off."""
    return tuple(node for node in nodes if any(line.could_fence(node, nodes) for line in lines))


def judge_protection(hacf: HaCf, lines: Sequence[DeviceLine], groups: Sequence[GroupSurvey], reading: Reading) -> bool:
    """Shared data needs a device; a test device is none, unless the administrator acknowledges it.

    Return whether a test device's word alone shall count as proof (``Cluster.asked_is_enough``).
    """
    if len(lines) < sum(len(hacf.all(directive)) for directive in DIRECTIVES):
        return False  # a line with errors might be the one that protects
    acknowledged = {word.text.lower(): word.place for word in hacf.words("acknowledge")}
    sharing = [group.name for group in groups if group.surely_shares_data] if len(reading.nodes) > 1 else []
    needed = _lacking(lines, reading.nodes) if sharing else ""
    if needed == NO_STONITH and watchdog_proves(hacf, reading.nodes):
        needed = ""
    harmless = all(line.config.test_only or line.config.can_read_power for line in lines)
    asked_is_enough = needed == TEST_STONITH and needed in acknowledged and harmless
    if needed:
        _lacks(needed, lines, sharing, reading, acknowledged=acknowledged.get(needed), asked_is_enough=asked_is_enough)
    settled = all(resource.is_settled for group in groups for resource in group.resources)
    for word, place in acknowledged.items():
        if word != needed and settled:
            message = f"{word} is acknowledged, but nothing needs it"
            reading.found.add(codes.NEEDLESS_ACKNOWLEDGEMENT, place, message, mend="delete the word")
    if lines:
        _judge_cover(lines, sharing, reading, asked_is_enough=asked_is_enough)
    return asked_is_enough


def _lacking(lines: Sequence[DeviceLine], nodes: Sequence[NodeName]) -> str:
    """Return the word that must be acknowledged when some group shares data; empty when there is nothing to."""
    reached = covered(lines, nodes)
    if not reached:
        return NO_STONITH
    return "" if all(_covered_for_real(lines, node, nodes) for node in reached) else TEST_STONITH


def _lacks(
    needed: str,
    lines: Sequence[DeviceLine],
    sharing: Sequence[str],
    reading: Reading,
    *,
    acknowledged: Place | None,
    asked_is_enough: bool,
) -> None:
    """Tell what is missing: as an error, or, when it is acknowledged, as a note of what that means."""
    groups = f"{'group' if len(sharing) == 1 else 'groups'} {', '.join(sharing)}"
    share = f"{groups} share{'s' if len(sharing) == 1 else ''} data"
    if needed == NO_STONITH:
        code, message = codes.NO_PROTECTION, f"no STONITH device for any node, and {share}"
    else:
        reached = covered(lines, reading.nodes)
        only_test = [node for node in reached if not _covered_for_real(lines, node, reading.nodes)]
        code = codes.TEST_PROTECTION
        message = f"only a test device can switch {', '.join(only_test)} off, and {share}"
    if acknowledged is None:
        mend = f"add a real device with stonith_host, or: acknowledge {needed}"
        reading.found.add(code, _WHOLE, message, expected="a device that reads power back", mend=mend)
        return
    meaning = "a takeover from a silent node waits for hb stonith confirm"
    if asked_is_enough:
        meaning = "the test device's word alone counts as proof"
    mend = "add a real device, and delete the word, when there is one"
    reading.found.add(codes.ACKNOWLEDGED, acknowledged, f"acknowledged: {message}; {meaning}", mend=mend)


def _covered_for_real(lines: Sequence[DeviceLine], node: NodeName, nodes: Sequence[NodeName]) -> bool:
    return any(line.could_fence(node, nodes) and not line.config.test_only for line in lines)


def _judge_cover(
    lines: Sequence[DeviceLine], sharing: Sequence[str], reading: Reading, *, asked_is_enough: bool
) -> None:
    for node in reading.nodes:
        fencing = [line for line in lines if line.could_fence(node, reading.nodes)]
        reads = any(line.config.can_read_power for line in fencing)
        if not fencing and len(reading.nodes) > 1:
            message = f"no other node can switch {node} off: when it falls silent, what shares data waits for a person"
            reading.found.add(codes.NODE_UNCOVERED, _WHOLE, message, mend="add a stonith_host line for it")
        elif fencing and sharing and not reads and not asked_is_enough:
            message = f"no device reads back that {node} is off: shared data waits for hb stonith confirm"
            mend = "add a device that can read power"
            reading.found.add(codes.NO_READ_BACK, fencing[0].place, message, mend=mend)


def judge_devices(lines: Sequence[DeviceLine], timers: Timers, reading: Reading) -> None:
    """Say what single devices are: for tests, useless, or slower than the detection of a death."""
    nodes, found = reading.nodes, reading.found
    for line in lines:
        config = line.config
        if config.test_only:
            message = f"{config.name} is a test device: {config.test_only}"
            found.add(codes.TEST_DEVICE, line.place, message, mend="put a real device in its place before it counts")
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
