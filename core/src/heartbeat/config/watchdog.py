"""The line ``watchdog DEVICE [TIME]`` of ha.cf: this machine's own, and what it makes the others wait."""

import math
from collections.abc import Sequence
from pathlib import Path

from heartbeat.config import codes
from heartbeat.config.device_line import DeviceLine
from heartbeat.config.finding import Place
from heartbeat.config.hacf import HaCf, Use
from heartbeat.config.reading import Reading
from heartbeat.model.cluster import Timers
from heartbeat.model.duration import parse_duration, show_duration
from heartbeat.model.names import NodeName
from heartbeat.model.watchdog import VOTERS, promise_s, wait_s

LEAST_S = 5
"""A daemon that was killed is back, and fed for, within a second or two; heartbeat 3 had deadtime in whole seconds."""
FIRST = ("/dev/watchdog", "/dev/watchdog0")
"""Two names of one: what a program opens that is told of no other."""
MOST_S = 255
"""What drivers take is often one byte of seconds."""


def read_watchdog(hacf: HaCf, timers: Timers, devices: Sequence[DeviceLine], reading: Reading) -> tuple[str, float]:
    """Return the device's path, empty for none, and its time-out in seconds; what is wrong becomes a finding."""
    use = hacf.one("watchdog")
    if use is None:
        return "", 0.0
    path, timeout_s = use.texts[0], _timeout_s(use, timers, reading)
    place = use.words[0].place
    if reading.own and reading.facts.file(Path(path)) is None:
        mend = "load the driver of this machine's watchdog, or softdog (modprobe softdog); or delete the line"
        reading.found.add(codes.WATCHDOG_MISSING, place, f"{path} is not there", mend=mend)
    _judge_feeders(path, place, devices, reading)
    if watchdog_proves(hacf, reading.nodes):
        wait = show_duration(round(wait_s(promise_s(timers.deadtime_s, timers.keepalive_s, timeout_s)), 1))
        message = f"the others wait {wait} from a view without this node until it counts as reset, where no device"
        message += f" has switched it off before; time-out {show_duration(timeout_s)}"
        mend = "a shorter deadtime or time-out shortens it"
        reading.found.add(codes.WATCHDOG_WAIT, use.directive.place, message, mend=mend)
    else:
        why = "the voters follow the members" if len(reading.nodes) >= VOTERS else "no node is in every quorum"
        message = f"it resets this machine when its daemon hangs, and proves nothing to others: {why}"
        reading.found.add(codes.WATCHDOG_IDLE, use.directive.place, message, mend="what shares data needs a device")
    return path, float(timeout_s)


def watchdog_proves(hacf: HaCf, nodes: Sequence[NodeName]) -> bool:
    """Could waiting for a watchdog take a device's place? Only if the same nodes are a quorum for everybody."""
    is_there = hacf.one("watchdog") is not None
    moves = ("last_man_standing", "quorum_server", "tie_breaker")
    return is_there and len(nodes) >= VOTERS and not any(map(hacf.one, moves))


def _judge_feeders(path: str, place: Place, devices: Sequence[DeviceLine], reading: Reading) -> None:
    """A watchdog has one who feeds it; the receiver of a device that fences by it must be that one."""
    other = next((line.config.name for line in devices if line.resets_itself), "")
    if path in FIRST and other:
        message = f"the receiver of {other} feeds {path} unless it was given another; who opens it second is refused"
        mend = "delete the line, or name a second watchdog in it"
        reading.found.add(codes.WATCHDOG_TWICE, place, message, mend=mend)


def _timeout_s(use: Use, timers: Timers, reading: Reading) -> int:
    """Whole seconds, as drivers take them; by default just above deadtime, as in heartbeat 3."""
    default_s = max(LEAST_S, math.floor(timers.deadtime_s) + 1)
    if len(use.words) < 2:
        return default_s
    word, least_s = use.words[1], max(LEAST_S, math.floor(timers.deadtime_s) + 1)
    try:
        given_s = parse_duration(word.text)
    except ValueError:
        given_s = math.nan
    if not least_s <= given_s <= MOST_S or given_s != int(given_s):
        expected = f"whole seconds from {least_s} to {MOST_S}"
        message = f"{word.text!r} is no time-out for a watchdog: a pause of deadtime that nobody minds, or the"
        message += " restart of a daemon, must not reset the machine"
        mend = f"write {default_s}"
        reading.found.add(codes.WATCHDOG_TIME, word.place, message, expected=expected, mend=mend)
        return default_s
    return int(given_s)
