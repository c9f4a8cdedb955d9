"""What can go wrong in a world, and what people do to it: one short function per kind, found by its name.

Each takes the stage and the fault; what it returns, if anything, mends it and is called when its time is over.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from heartbeat.kernel import events as ev
from heartbeat.model.delivery import Delivery
from heartbeat.model.names import Nid
from heartbeat.model.operation import Action, Outcome
from heartbeat.model.proof import Proof
from heartbeat.sim import inside
from heartbeat.sim.machine import Behaviour
from heartbeat.sim.network import QUIET
from heartbeat.sim.observation import Lied
from heartbeat.sim.schedule import Fault
from heartbeat.wire import api

if TYPE_CHECKING:
    from heartbeat.sim.stage import Stage

Mend = Callable[[], None]
FOREVER_S = 1e9


def ambush(stage: "Stage", fault: Fault) -> None:
    """Wait until ``node`` (-1: anybody) sends or runs what ``word`` names; then its other half strikes.

    After ``value`` seconds, for ``for_s``, at ``other`` (-1: who did it). ``part`` is from who did it to ``other``.
    """
    stage.ambushes.lay(fault)


# The network.


def cut(stage: "Stage", fault: Fault) -> Mend:
    """``node`` from all others, on ``link`` or all; ``word``: ``in`` or ``out`` for one direction only."""
    pairs = set()
    for other in stage.nids:
        if other != fault.node:
            pairs |= set() if fault.word == "in" else {(Nid(fault.node), other)}
            pairs |= set() if fault.word == "out" else {(other, Nid(fault.node))}
    return stage.cut(pairs, fault.link)


def part(stage: "Stage", fault: Fault) -> Mend:
    """``node`` and ``other`` from each other only, so that who hears whom is not transitive."""
    pairs = {(Nid(fault.node), Nid(fault.other))}
    if fault.word != "out":
        pairs.add((Nid(fault.other), Nid(fault.node)))
    return stage.cut(pairs, fault.link)


def split(stage: "Stage", fault: Fault) -> Mend:
    """The nodes whose bits are set in ``value`` from the others."""
    here = {nid for nid in stage.nids if int(fault.value) >> nid & 1}
    pairs = {(a, b) for a in stage.nids for b in stage.nids if a != b and (a in here) != (b in here)}
    return stage.cut(pairs, fault.link)


def turn(stage: "Stage", fault: Fault) -> Mend:
    """Split by ``value`` until somebody does what ``word`` names, and so many seconds more (``roll/0.002``); then by
    the bits of ``other``: nodes change sides in the middle of it."""
    name, _, delay_s = fault.word.partition("/")
    mends = [split(stage, fault)]

    def change() -> None:
        if mends:
            mends.pop()()
            mends.append(split(stage, msgspec.structs.replace(fault, value=float(fault.other))))

    at_s = float(delay_s)
    stage.ambushes.when(name, change if not at_s else lambda: stage.world.at(at_s, change))

    def end() -> None:
        mends.pop()()

    return end


def noise(stage: "Stage", fault: Fault) -> Mend:
    """``noise`` on the lanes out of ``node`` (or all), on ``link`` or all."""
    lanes = [
        lane
        for nid in stage.nids
        if fault.node in (-1, nid)
        for lane in stage.world.network.lanes[nid]
        if fault.link in (-1, lane.link)
    ]
    for lane in lanes:
        lane.noise = fault.noise or QUIET

    def mend() -> None:
        for lane in lanes:
            lane.noise = QUIET

    return mend


def bogus(stage: "Stage", fault: Fault) -> None:
    """A frame that must not count reaches ``node``; ``word`` says what is wrong with it."""
    node = stage.world.nodes[Nid(fault.node)]
    frame = node.newest
    if fault.word == "seen before":
        frame = node.newest_word or frame  # a beat that is believed twice says nothing new
    if frame is None or node.kernel is None or node.frozen is not None:
        return
    header = frame.header
    source = stage.world.source(header)
    if source is None or inside.known(node.kernel).get(source) != header.incarnation:
        return  # a life that was not let in yet: whoever speaks for it first opens it
    wrong: dict[str, dict[str, Any]] = {
        "of a stranger": {"sender": b"stranger"},
        "of a former life": {
            "incarnation": header.incarnation - 1,
            "session": b"earlier!",
            "sequence": header.sequence + 1,
        },
        "of another session": {"session": b"cloned!!", "sequence": header.sequence + 1},
        "seen before": {},
    }
    event = ev.FrameReceived(frame.link, msgspec.structs.replace(header, **wrong[fault.word]), frame.packet)
    stage.world.inject(node.nid, fault.word, event)


# Machines and their processes.


def crash(stage: "Stage", fault: Fault) -> Mend:
    """``node`` loses its power; ``value`` 1: and its disk its contents."""
    node = stage.world.nodes[Nid(fault.node)]
    stage.world.crash(node.nid)
    if fault.value:
        node.disk.clear()
    return lambda: stage.start(node.nid)


def kill(stage: "Stage", fault: Fault) -> Mend:
    """The daemon of ``node`` dies; what it started runs on."""
    stage.world.kill_daemon(Nid(fault.node))
    return lambda: stage.start(Nid(fault.node))


def freeze(stage: "Stage", fault: Fault) -> Mend:
    """The daemon of ``node`` stands still, its clock and executor do not."""
    stage.world.freeze(Nid(fault.node))
    return lambda: stage.world.thaw(Nid(fault.node))


def suspend(stage: "Stage", fault: Fault) -> Mend:
    """All of ``node`` stands still, its clock too."""
    if stage.world.nodes[Nid(fault.node)].frozen is None:
        stage.world.suspend(Nid(fault.node))
    return lambda: stage.world.thaw(Nid(fault.node))


def executor(stage: "Stage", fault: Fault) -> None:
    """The executor of ``node`` dies, and another is ready after ``for_s``."""
    stage.world.machines.executor_dies(Nid(fault.node), fault.for_s)


def late_start(stage: "Stage", fault: Fault) -> Mend:
    """The daemon of ``node`` dies; ``value`` seconds later the starts that it asked for come to the executor again."""
    nid = Nid(fault.node)
    stage.world.kill_daemon(nid)
    stage.world.at(fault.value, lambda: stage.world.machines.start_late(nid))
    return lambda: stage.start(nid)


# Disks.


def disk_stall(stage: "Stage", fault: Fault) -> Mend:
    disk = stage.world.nodes[Nid(fault.node)].disk
    disk.stalled = True
    return disk.go_on


def disk_slow(stage: "Stage", fault: Fault) -> Mend:
    """Each write takes ``value`` seconds."""
    disk = stage.world.nodes[Nid(fault.node)].disk
    before, disk.latency_s = disk.latency_s, fault.value
    return lambda: setattr(disk, "latency_s", before)


def disk_full(stage: "Stage", fault: Fault) -> Mend:
    disk = stage.world.nodes[Nid(fault.node)].disk
    disk.fails = True
    return lambda: setattr(disk, "fails", False)


# Devices and agents.

_DEVICE = {
    "fails": Behaviour(Outcome.FAILED, 0.2, acts=False, detail="the switch refuses"),
    "hangs": Behaviour(takes_s=FOREVER_S, acts=False),
    "hangs, but acts": Behaviour(takes_s=FOREVER_S, residue=True, acts_late_s=0.5),
    "lies": Behaviour(takes_s=0.2, acts=False),
    "only asks": Behaviour(takes_s=0.2, proof=Proof.ASKED),
    "comes late": Behaviour(takes_s=FOREVER_S, acts=False, acts_late_s=8.0),
}


def device(stage: "Stage", fault: Fault) -> Mend:
    """How the device behaves when ``node`` uses it (``word``); ``slow``: it takes ``value`` seconds."""
    how = _DEVICE.get(fault.word) or Behaviour(takes_s=fault.value)
    if fault.word == "lies":
        for nid in stage.nids:
            stage.lied(Lied(stage.world.now_s, node=nid))
    return stage.behave(Nid(fault.node), "switch", Action.FENCE, how)


def device_silent(stage: "Stage", fault: Fault) -> Mend:
    """The device does not answer ``node``."""
    nid = Nid(fault.node)
    stage.world.machines.devices_answer(nid, "no route to host")
    return lambda: stage.world.machines.devices_answer(nid)


_AGENT = {
    "fails": Behaviour(Outcome.FAILED, 0.05, acts=False, detail="exit 1"),
    "fails, half done": Behaviour(Outcome.FAILED, 0.05, residue=True, detail="exit 1"),
    "hangs": Behaviour(takes_s=FOREVER_S, acts=False),
    "hangs, but acts": Behaviour(takes_s=FOREVER_S, residue=True),
    "lies": Behaviour(acts=False),
}


def agent(stage: "Stage", fault: Fault) -> Mend:
    """How ``word[0]`` (start, stop, probe) of resource ``word[1]`` goes on ``node``; ``slow`` takes ``value`` s."""
    verb, resource, word = fault.word.split("/")
    action = Action(verb)
    if word == "lies" and action is Action.STOP:
        stage.lied(Lied(stage.world.now_s, resource=resource))
        stage.untidy.add(Nid(fault.node))
    return stage.behave(Nid(fault.node), resource, action, _AGENT.get(word) or Behaviour(takes_s=fault.value))


# People.


def ask(stage: "Stage", fault: Fault) -> None:
    """``word``: ``standby all``, ``takeover local`` ... asked on ``node``."""
    verb, which = fault.word.split()
    request = api.Standby(which) if verb == "standby" else api.Takeover(which)
    stage.world.ask(Nid(fault.node), request)


def stop(stage: "Stage", fault: Fault) -> Mend:
    """``node`` is asked to leave in order, and started again after ``for_s``."""
    stage.world.ask(Nid(fault.node), api.Stop())
    return lambda: stage.start(Nid(fault.node))


def confirm(stage: "Stage", fault: Fault) -> None:
    """A person looks at ``node``'s open questions, goes to the machines, and confirms those that are really off."""
    stage.operator.confirm(Nid(fault.node))


# The witness.


def witness(stage: "Stage", fault: Fault) -> Mend:
    """Out of reach of ``node`` (-1: of all: it died, and comes again with its disk), or as ``word`` says.

    ``late``: it takes note, and its answer comes too late to count. ``slow``: it comes after ``value`` seconds.
    """
    nids = [nid for nid in stage.nids if fault.node in (-1, nid)]
    if fault.word:
        how = Behaviour(takes_s=1e6 if fault.word == "late" else fault.value)
        mends = [stage.behave(nid, "witness", Action.ASK, how) for nid in nids]

        def end() -> None:
            for mend in mends:
                mend()

        return end
    stage.world.machines.witness.away |= set(nids)
    return lambda: stage.world.machines.witness.away.difference_update(nids)


# Programs.


def say(stage: "Stage", fault: Fault) -> None:
    """The program of ``node`` says ``value`` messages of class ``word`` in ``for_s``; ``other``: SAFE's others."""
    programs, count, node = stage.world.programs, int(fault.value), Nid(fault.node)
    delivery, others = Delivery[fault.word], max(fault.other, 0)
    if programs is None:
        return
    for each in range(count):
        stage.world.at(each * fault.for_s / count, lambda: programs.say(node, delivery, others))


KINDS: dict[str, Callable[["Stage", Fault], Mend | None]] = {
    "ambush": ambush,
    "cut": cut,
    "part": part,
    "split": split,
    "turn": turn,
    "noise": noise,
    "bogus": bogus,
    "crash": crash,
    "kill": kill,
    "freeze": freeze,
    "suspend": suspend,
    "executor": executor,
    "late-start": late_start,
    "disk-stall": disk_stall,
    "disk-slow": disk_slow,
    "disk-full": disk_full,
    "device": device,
    "device-silent": device_silent,
    "agent": agent,
    "ask": ask,
    "stop": stop,
    "confirm": confirm,
    "say": say,
    "witness": witness,
}
