"""The timers of ha.cf: defaults, what is refused (what the classic daemon refused, no more), what is doubtful."""

from heartbeat.config import codes
from heartbeat.config.finding import Findings, Place
from heartbeat.config.hacf import HaCf
from heartbeat.model.cluster import Failback, Timers
from heartbeat.model.duration import show_duration

KEEPALIVE_S = 1.0
DEADTIME_S = 30.0
"""Defaults of heartbeat 3.0.6."""
BEATS_WANTED = 5
"""Beats that should fit into deadtime, so that a few lost ones are no death."""
INITDEAD_MEND = "initdead 30"
INITDEAD_WANTED_S = 10.0
"""Networks need this long after a boot (spanning tree, bonds); the classic daemon warned below it, too."""

_SLACK = 1e-9
"""Keeps 3 x 100 ms and 300 ms equal in binary."""


def default_initdead(deadtime_s: float) -> float:
    """Return initdead when it is not given, in seconds: the rule of heartbeat 3.0.6."""
    if deadtime_s > 10:
        return deadtime_s
    return 2 * deadtime_s if deadtime_s >= 6 else 12.0


def read_timers(hacf: HaCf, worst_stall_s: float, found: Findings) -> Timers:
    """Return the timers. Those that contradict each other become findings."""
    keepalive_s = hacf.seconds("keepalive", KEEPALIVE_S)
    deadtime_s = hacf.seconds("deadtime", DEADTIME_S)
    timers = Timers(
        keepalive_s=keepalive_s,
        warntime_s=hacf.seconds("warntime", deadtime_s / 2),
        deadtime_s=deadtime_s,
        initdead_s=hacf.seconds("initdead", default_initdead(deadtime_s)),
    )
    if hacf.source is not None and not hacf.wrong & {"keepalive", "deadtime"}:
        _judge_deadtime(hacf, timers, worst_stall_s, found)
        _judge_others(hacf, timers, found)
        if not hacf.wrong & {"initdead"}:
            _judge_initdead(hacf, timers, found)
    return timers


def _text(seconds: float) -> str:
    """Return a duration as ha.cf writes it: ``200ms``, ``1.5s``."""
    return f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:g}ms"


def _at(hacf: HaCf, *names: str) -> Place:
    """Return the place of the first of these directives that is given."""
    uses = [use for use in map(hacf.one, names) if use]
    return uses[0].words[0].place if uses else Place("ha.cf")


def _judge_deadtime(hacf: HaCf, timers: Timers, worst_stall_s: float, found: Findings) -> None:
    dead, beat = timers.deadtime_s, timers.keepalive_s
    place = _at(hacf, "deadtime", "keepalive")
    pair = f"deadtime {show_duration(dead)}, keepalive {show_duration(beat)}"
    wanted = show_duration(BEATS_WANTED * beat)
    if dead <= 2 * beat + _SLACK:
        message = f"deadtime must be more than twice the keepalive: {pair}"
        found.add(
            codes.DEADTIME_TOO_SHORT,
            place,
            message,
            expected=f"more than {show_duration(2 * beat)}",
            mend=f"write deadtime {_text(BEATS_WANTED * beat)}",
        )
        return
    if dead < BEATS_WANTED * beat - _SLACK:
        message = f"only {dead / beat:.3g} keepalives fit into deadtime: a few lost beats look like a death ({pair})"
        mend = f"write deadtime {_text(BEATS_WANTED * beat)}, or let keepalive be shorter"
        found.add(codes.DEADTIME_SHORT, place, message, expected=f"at least {wanted}", mend=mend)
    if dead < beat + 2 * worst_stall_s - _SLACK:
        message = f"a stall of {show_duration(worst_stall_s)} of the machine could look like a death ({pair})"
        found.add(
            codes.STALL,
            place,
            message,
            expected=f"at least keepalive + 2 x the worst stall: {show_duration(beat + 2 * worst_stall_s)}",
            mend="measure your machines and say so with hb check --stall TIME, or raise deadtime",
        )


def _judge_initdead(hacf: HaCf, timers: Timers, found: Findings) -> None:
    place = _at(hacf, "initdead", "deadtime")
    initdead = show_duration(timers.initdead_s)
    if timers.initdead_s < timers.deadtime_s - _SLACK:
        message = f"initdead {initdead} is shorter than deadtime {show_duration(timers.deadtime_s)}"
        found.add(codes.INITDEAD_TOO_SHORT, place, message, expected="at least deadtime", mend=f"write {INITDEAD_MEND}")
    elif timers.initdead_s < INITDEAD_WANTED_S:
        message = f"initdead is {initdead}: a network that needs longer after a boot makes both nodes start alone"
        found.add(
            codes.INITDEAD_SHORT,
            place,
            message,
            expected=f"at least {show_duration(INITDEAD_WANTED_S)}",
            mend=f"write {INITDEAD_MEND}: it costs a normal start nothing",
        )


def _judge_others(hacf: HaCf, timers: Timers, found: Findings) -> None:
    deadping_s = hacf.seconds("deadping", timers.deadtime_s)
    if hacf.one("deadping") and deadping_s <= 2 * timers.keepalive_s + _SLACK:
        found.add(
            codes.DEADPING_TOO_SHORT,
            _at(hacf, "deadping"),
            f"deadping {show_duration(deadping_s)} must be more than twice the keepalive",
            expected=f"more than {show_duration(2 * timers.keepalive_s)}",
            mend=f"write deadping {_text(timers.deadtime_s)}, or delete the line: it is then deadtime",
        )
    if hacf.one("warntime") and not timers.keepalive_s <= timers.warntime_s <= timers.deadtime_s:
        late = timers.warntime_s < timers.keepalive_s
        why = "every beat would be reported as late" if late else "no beat is ever reported as late before the death"
        found.add(
            codes.WARNTIME_ODD,
            _at(hacf, "warntime"),
            f"warntime is {show_duration(timers.warntime_s)}: {why}",
            expected=f"from {show_duration(timers.keepalive_s)} to {show_duration(timers.deadtime_s)}",
            mend=f"write warntime {_text(timers.deadtime_s / 2)}, or delete the line: it is then half of deadtime",
        )


def read_failback(hacf: HaCf, found: Findings) -> Failback:
    """Return when groups go home. The old ``nice_failback`` is translated unless auto_failback is given."""
    use = hacf.one("auto_failback")
    old = hacf.one("nice_failback")
    if use is not None:
        if old is not None:
            message = "nice_failback is ignored: auto_failback is given"
            found.add(codes.NICE_FAILBACK, old.directive.place, message, mend="delete the line")
        return Failback.LEGACY if use.value == "legacy" else Failback.ON if use.value else Failback.OFF
    if old is not None:
        meant = Failback.OFF if old.value else Failback.LEGACY
        message = f"nice_failback {' '.join(old.texts)} is read as auto_failback {meant.value}"
        found.add(codes.NICE_FAILBACK, old.directive.place, message, mend=f"write auto_failback {meant.value}")
        return meant
    if hacf.source is not None and "auto_failback" not in hacf.wrong:
        found.add(
            codes.FAILBACK_UNSAID,
            Place("ha.cf"),
            "auto_failback is not given and therefore legacy: a group goes home as soon as its node is back",
            mend="write auto_failback off, on or legacy",
        )
    return Failback.LEGACY
