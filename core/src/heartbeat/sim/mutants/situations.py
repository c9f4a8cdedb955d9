"""What a mistake needs before anybody can see it: a kind of cluster, or a fault that the seed has to draw.

The hunt leaves out the seeds that have not got it, which costs a draw and no run. What it counts are seeds of the
swarm all the same: a night that carries all of them out meets the mistake at the same one, or before.
"""

from collections.abc import Callable

from heartbeat.model.names import Nid
from heartbeat.sim.schedule import Fault, Schedule

Situation = Callable[[Schedule], bool]


def anything(schedule: Schedule) -> bool:
    """any cluster"""
    return bool(schedule.shape.nodes)


def two_nodes(schedule: Schedule) -> bool:
    """two nodes"""
    return schedule.shape.nodes == 2


def watchdogs(schedule: Schedule) -> bool:
    """watchdogs that prove something"""
    shape = schedule.shape
    electorate = shape.electorate
    return bool(shape.watchdog_s) and shape.nodes > 2 and not (electorate.window_s or electorate.tie_breakers)


def waited_for(schedule: Schedule) -> bool:
    """watchdogs that prove something, no device, and a node that is away for long"""
    shape = schedule.shape
    long_s = 2 * (shape.deadtime_s + shape.watchdog_s)
    is_away = any(
        fault.kind in ("cut", "split", "part", "crash", "kill", "freeze", "suspend")
        and (fault.for_s > long_s or not fault.for_s)
        for fault in schedule.faults
    )
    return watchdogs(schedule) and not shape.device and is_away


def unstoppable(schedule: Schedule) -> bool:
    """watchdogs that prove something, no device, and a node that is away for long and cannot stop what it holds"""
    return waited_for(schedule) and (failing_stop(schedule) or hanging_stop(schedule))


def voters(schedule: Schedule) -> bool:
    """voters that follow the members"""
    return bool(schedule.shape.electorate.window_s)


def turncoat(schedule: Schedule) -> bool:
    """voters that follow the members, and one that changes sides and starts anew there"""
    return voters(schedule) and {"turn", "kill"} <= {fault.kind for fault in schedule.faults}


def halves(schedule: Schedule) -> bool:
    """halves that ask a witness"""
    return bool(schedule.shape.electorate.tie_breakers)


def even_split(schedule: Schedule) -> bool:
    """a split into halves, and nobody who breaks ties"""
    shape = schedule.shape
    electorate, nodes = shape.electorate, range(shape.nodes)
    if shape.nodes < 3 or electorate.tie_breaker >= 0 or electorate.tie_breakers or electorate.window_s:
        return False
    total = electorate.of(map(Nid, nodes))
    here = (electorate.of(Nid(n) for n in nodes if int(fault.value) >> n & 1) for fault in _splits(schedule))
    return any(2 * votes == total for votes in here)


def _splits(schedule: Schedule) -> list[Fault]:
    return [fault for fault in schedule.faults if fault.kind == "split"]


def tie_breaking_node(schedule: Schedule) -> bool:
    """a node that breaks ties"""
    return schedule.shape.electorate.tie_breaker >= 0


def device(schedule: Schedule) -> bool:
    """a device"""
    return schedule.shape.device


def bad_device(schedule: Schedule) -> bool:
    """a device that does not do what it should"""
    return _any(schedule, lambda fault: fault.kind == "device" and fault.word != "lies")


def bad_device_and_executor(schedule: Schedule) -> bool:
    """a device that does not do what it should, and an executor that dies"""
    return bad_device(schedule) and dying_executor(schedule)


def programs(schedule: Schedule) -> bool:
    """programs that talk"""
    return _any(schedule, lambda fault: fault.kind == "say")


def causal(schedule: Schedule) -> bool:
    """programs that say something CAUSAL, and one more at least"""
    saying = {fault.node for fault in schedule.faults if fault.kind == "say"}
    return len(saying) > 1 and _any(schedule, lambda fault: fault.kind == "say" and fault.word == "CAUSAL")


def answers(schedule: Schedule) -> bool:
    """programs of three nodes and more, two of which say CAUSAL messages at one time, and something is lost"""
    says = [fault for fault in schedule.faults if fault.kind == "say" and fault.word == "CAUSAL"]
    alike = any(a.at_s == b.at_s and a.node != b.node for a in says for b in says)
    return schedule.shape.nodes > 2 and alike


def deaf_speaker(schedule: Schedule) -> bool:
    """a program that says ordered messages while its node is heard and hears nothing"""
    deaf = {fault.node for fault in schedule.faults if fault.kind == "cut" and fault.word == "in"}
    return any(fault.kind == "say" and fault.word == "SAFE" and fault.node in deaf for fault in schedule.faults)


def ordered(schedule: Schedule) -> bool:
    """programs that say something AGREED or SAFE"""
    return _any(schedule, lambda fault: fault.kind == "say" and fault.word in ("AGREED", "SAFE"))


def failing_stop(schedule: Schedule) -> bool:
    """a stop that fails"""
    return _any(
        schedule, lambda fault: fault.kind == "agent" and fault.word.startswith("stop/") and "fails" in fault.word
    )


def hanging_stop(schedule: Schedule) -> bool:
    """a stop that hangs"""
    return _any(
        schedule, lambda fault: fault.kind == "agent" and fault.word.startswith("stop/") and "hangs" in fault.word
    )


def hanging_look(schedule: Schedule) -> bool:
    """a look at what runs that hangs"""
    return _any(
        schedule, lambda fault: fault.kind == "agent" and fault.word.startswith("probe/") and "hangs" in fault.word
    )


def farewell(schedule: Schedule) -> bool:
    """a node that leaves in order"""
    return _any(schedule, lambda fault: fault.kind == "stop")


def blind_farewell(schedule: Schedule) -> bool:
    """a node that leaves in order, for a while without an executor"""
    leaves = {fault.node for fault in schedule.faults if fault.kind == "stop"}
    return any(fault.kind == "executor" and fault.for_s > 10 and fault.node in leaves for fault in schedule.faults)


def believed(schedule: Schedule) -> bool:
    """a device that says off of a node that is on"""
    return _any(schedule, lambda fault: fault.kind == "device" and fault.word == "lies")


def dying_executor(schedule: Schedule) -> bool:
    """an executor that dies"""
    return _any(schedule, lambda fault: fault.kind == "executor" or fault.word.endswith("/executor"))


def pause(schedule: Schedule) -> bool:
    """a node that stands still"""
    return _any(schedule, lambda fault: fault.kind in ("freeze", "suspend") or fault.word.endswith("/freeze"))


def suspension(schedule: Schedule) -> bool:
    """a machine that is suspended"""
    return _any(schedule, lambda fault: fault.kind == "suspend")


def half_started(schedule: Schedule) -> bool:
    """a start that does not succeed, and has had its effect"""
    words = ("fails, half done", "hangs, but acts")
    return _any(
        schedule, lambda fault: fault.kind == "agent" and fault.word.startswith("start/") and fault.word.endswith(words)
    )


def slow_start(schedule: Schedule) -> bool:
    """a slow start, and something that is asked for"""
    is_slow = _any(
        schedule,
        lambda fault: fault.kind == "agent" and fault.word.startswith("start/") and fault.word.endswith("slow"),
    )
    return is_slow and _any(schedule, lambda fault: fault.kind == "ask")


def slow_start_and_pause(schedule: Schedule) -> bool:
    """a slow start, and a node that stands still"""
    return slow_start(schedule) and pause(schedule)


def blind_stop(schedule: Schedule) -> bool:
    """a stop that does not succeed, and a look that hangs"""
    return hanging_look(schedule) and (hanging_stop(schedule) or failing_stop(schedule))


def long_pause(schedule: Schedule) -> bool:
    """a node that stands still for a deadtime and longer"""
    dead_s = schedule.shape.deadtime_s
    return _any(schedule, lambda fault: fault.kind in ("freeze", "suspend") and fault.for_s > dead_s)


def recordings(schedule: Schedule) -> bool:
    """old frames that come again, and nodes that start anew"""
    has_old = _any(schedule, lambda fault: fault.noise is not None and fault.noise.replay > 0)
    return has_old and _any(schedule, lambda fault: fault.kind == "kill")


def overtaking(schedule: Schedule) -> bool:
    """frames that overtake each other"""
    return _any(schedule, lambda fault: fault.noise is not None and fault.noise.slow > 0)


def loss(schedule: Schedule) -> bool:
    """frames that are lost"""
    return _any(schedule, lambda fault: fault.noise is not None and fault.noise.loss + fault.noise.burst > 0)


def moves_in_noise(schedule: Schedule) -> bool:
    """moves that are asked for while frames are late or lost"""
    return (loss(schedule) or overtaking(schedule)) and _any(schedule, lambda fault: fault.kind == "ask")


def talk_and_loss(schedule: Schedule) -> bool:
    """programs that talk while frames are late or lost"""
    return programs(schedule) and (loss(schedule) or overtaking(schedule))


def parted(schedule: Schedule) -> bool:
    """three nodes and more, two of which do not hear each other for a deadtime and longer"""
    dead_s = schedule.shape.deadtime_s
    return schedule.shape.nodes > 2 and _any(schedule, lambda fault: fault.kind == "part" and fault.for_s > dead_s)


def parted_with_device(schedule: Schedule) -> bool:
    """a device, and two of three nodes and more that do not hear each other"""
    return device(schedule) and parted(schedule)


def unheard_life(schedule: Schedule) -> bool:
    """three nodes and more, one that starts anew, and one that does not hear some other"""
    kinds = {fault.kind for fault in schedule.faults}
    return schedule.shape.nodes > 2 and bool(kinds & {"kill", "crash"}) and bool(kinds & {"part", "cut", "split"})


def hardly_silent(schedule: Schedule) -> bool:
    """a cut that lasts about as long as it takes to be silent"""
    dead_s = schedule.shape.deadtime_s
    kinds = ("cut", "part", "split")
    return _any(
        schedule, lambda fault: fault.kind in kinds and not fault.word and 0.8 * dead_s < fault.for_s < 1.1 * dead_s
    )


def forgotten_voters(schedule: Schedule) -> bool:
    """voters that follow the members, and a disk that forgets"""
    return voters(schedule) and _any(schedule, lambda fault: fault.kind == "crash" and fault.value > 0)


def turned_voters(schedule: Schedule) -> bool:
    """voters that follow the members, and one that changes sides"""
    return voters(schedule) and _any(schedule, lambda fault: fault.kind == "turn")


def broken_round(schedule: Schedule) -> bool:
    """programs that say ordered messages, and a fault in the middle of a view change"""
    steps = ("Sync/", "Synced/", "Install/", "Flush/")
    return ordered(schedule) and _any(schedule, lambda fault: fault.kind == "ambush" and fault.word.startswith(steps))


def ordered_parts(schedule: Schedule) -> bool:
    """programs of three nodes and more that say SAFE messages, and parts of the cluster"""
    is_said = _any(schedule, lambda fault: fault.kind == "say" and fault.word == "SAFE")
    return is_said and schedule.shape.nodes > 2 and _any(schedule, lambda fault: fault.kind in ("cut", "split"))


def short_kill(schedule: Schedule) -> bool:
    """a daemon that starts again before it was missed"""
    dead_s = schedule.shape.deadtime_s
    return _any(schedule, lambda fault: fault.kind == "kill" and 0 < fault.for_s < dead_s)


def dead_daemon(schedule: Schedule) -> bool:
    """no device, and a daemon that is gone for a deadtime and longer"""
    dead_s = schedule.shape.deadtime_s
    is_gone = _any(schedule, lambda fault: fault.kind in ("kill", "late-start") and fault.for_s > dead_s)
    return is_gone and not schedule.shape.device


def rivals(schedule: Schedule) -> bool:
    """two nodes that do not hear each other, and a third one that comes back to both at once"""
    parts = {fault.at_s for fault in schedule.faults if fault.kind == "part"}
    return _any(schedule, lambda fault: fault.kind == "cut" and fault.at_s in parts)


def _any(schedule: Schedule, holds: Callable[[Fault], bool]) -> bool:
    return any(map(holds, schedule.faults))
