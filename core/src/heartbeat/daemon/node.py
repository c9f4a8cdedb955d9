"""The daemon process: real parts around one shell, from the first fsync to the last line of the log."""

import asyncio
import os
import signal
import sqlite3
import time
import traceback
from pathlib import Path

import msgspec
import uvloop

from heartbeat.daemon.api import Api
from heartbeat.daemon.executor_link import ExecutorLink
from heartbeat.daemon.frames import FrameGate
from heartbeat.daemon.hold_line import HoldLine
from heartbeat.daemon.keyring import Keyring
from heartbeat.daemon.leash import ExecutorHung, Leash, Leave, NewKeys, Up
from heartbeat.daemon.log import Log, Sinks
from heartbeat.daemon.media import Link, Links, MakeMedium, PortInUse
from heartbeat.daemon.node_plan import NodePlan
from heartbeat.daemon.privileges import become
from heartbeat.daemon.realtime import Collector, RealTime, below, go_realtime, protect_from_oom
from heartbeat.daemon.shell import Mind, Shell
from heartbeat.daemon.state import StateStore
from heartbeat.daemon.storage import Storage
from heartbeat.daemon.suspension import Suspension
from heartbeat.daemon.timer import ExactTimer
from heartbeat.journal.append import Life
from heartbeat.kernel import effects, events
from heartbeat.kernel.birth import Birth
from heartbeat.kernel.kernel import Kernel
from heartbeat.model.names import NodeName
from heartbeat.model.places import Places
from heartbeat.model.reason import Decision
from heartbeat.model.status import ClusterStatus
from heartbeat.pils.place import load_class
from heartbeat.plugin.comm import Medium
from heartbeat.plugin.param import parse_params
from heartbeat.wire.frame import Header
from heartbeat.wire.messages import Packet

EXIT_LEFT = 0
"""Left in order; holds nothing."""
EXIT_REFUSED = 64
"""Cannot run here as things are; said why."""
EXIT_UNCLEAN = 65
"""The kernel ended this life without having left."""
EXIT_BROKEN = 66
"""The kernel raised."""
FLUSH_S = 2.0
"""How long the end waits for the disk."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def run_node(plan: NodePlan, places: Places, leash: Leash) -> int:
    """Be the daemon; returns the exit status. The process must have one thread."""
    sinks = Sinks(plan.config.log, plan.config.node)
    protect_from_oom()  # while root: lowering the score is its privilege
    try:
        if plan.identity is not None and os.geteuid() == 0:
            become(plan.identity.uid, plan.identity.gid, plan.identity.groups)
        state = StateStore(places.state_db)
        incarnation = state.begin_life()
    except sqlite3.Error as wrong:
        return _refuse(sinks, f"{places.state_db} cannot be written: {wrong}; mend the disk or its permissions")
    except OSError as wrong:
        return _refuse(sinks, f"the daemon cannot become {plan.config.process.user}: {wrong}")
    real_time = go_realtime(plan.config.process, plan.config.cluster.timers.deadtime_s)
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        node = Node(plan, places, leash, Log(sinks), real_time=real_time, state=state, incarnation=incarnation)
        return loop.run_until_complete(node.run())
    finally:
        loop.close()


def _refuse(sinks: Sinks, text: str) -> int:
    log = Log(sinks)
    log.start(lambda: None)
    log.error(text)
    log.close(FLUSH_S)
    return EXIT_REFUSED


class Node:
    """Implements shell.Ports with the real world. Lives in a running loop."""

    def __init__(
        self,
        plan: NodePlan,
        places: Places,
        leash: Leash,
        log: Log,
        *,
        real_time: RealTime,
        state: StateStore,
        incarnation: int,
    ) -> None:
        config = plan.config
        self._config = config
        self._places = places
        self._leash = leash
        self._log = log
        self._real_time = real_time
        self._loop = asyncio.get_event_loop()
        self._ended: asyncio.Future[int] = self._loop.create_future()
        self._keyring = Keyring(plan.keys)
        session, boot_id = os.urandom(8), BOOT_ID.read_text(encoding="ascii").strip()
        self._gate = FrameGate(config.cluster.name, config.node, session, self._keyring, log)
        self._link_names = tuple(medium.link for medium in config.media)
        self._links = Links(_links(plan), self._on_frame, self._on_link, log)
        birth = Birth(
            me=config.cluster.nid(NodeName(config.node)),
            incarnation=incarnation,
            session=session,
            boot_id=boot_id,
            links=self._link_names,
            stored=state.stored(),
            seed=int.from_bytes(session, "big"),
            plugins=plan.plugins,
            frame_bytes=self._links.frame_bytes - self._keyring.overhead,
        )
        self._shell = Shell(self._kernel(birth), self, time.monotonic, Suspension().slept)
        life = Life(config.node, incarnation, boot_id, time.time(), time.monotonic())
        self._storage = Storage(state, places.journal_db, life, self._on_persisted, log)
        take, append, hung = self._shell.take, self._storage.append, self._executor_hung
        self._executor = ExecutorLink(
            places.executor_socket, config, incarnation, take=take, append=append, log=log, hung=hung
        )
        self._hold = HoldLine(places.hold_socket, log)
        patience_s = config.cluster.timers.deadtime_s
        self._api = Api(plan.access, self._status, self._shell.take, log, patience_s=patience_s)
        self._timer = ExactTimer(self._loop, self._shell.wake)
        self._collector: Collector | None = None
        self._incarnation = incarnation

    def _kernel(self, birth: Birth) -> Mind:
        return Kernel(self._config.cluster, birth)

    async def run(self) -> int:
        """Run until the kernel halts; returns the exit status."""
        self._log.start(below(self._real_time))
        self._storage.start(below(self._real_time))
        self._loop.set_exception_handler(self._unexpected)
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._asked, f"{number.name} to the daemon")
        self._loop.add_reader(self._leash.fileno(), self._leashed)
        try:
            await self._start()
            return await self._ended
        except (PortInUse, OSError) as wrong:
            self._log.error(f"{wrong}; not started")
            return EXIT_REFUSED
        finally:
            await self._close()

    async def _start(self) -> None:
        await self._api.open(self._places.api_socket)
        self._shell.take(events.Wake())
        self._executor.start()
        await self._links.open()
        self._leash.send(Up())
        self._log.info(f"{self._config.node} is up, incarnation {self._incarnation}: {self._real_time}")
        self._collector = Collector()

    async def _close(self) -> None:
        self._loop.remove_reader(self._leash.fileno())
        self._timer.close()
        self._executor.close()
        self._hold.close()
        await self._links.close()
        await self._api.close()
        await asyncio.sleep(0.02)  # one turn or two of the loop, in which what was written to clients leaves
        if not self._storage.close(FLUSH_S):
            self._log.warning("the disk did not take everything in time; the journal's last lines are lost")
        self._log.close(FLUSH_S)

    # What happens outside

    def _on_link(self, link: int, problem: str) -> None:
        self._shell.take(events.LinkOpened(link, problem))

    def _on_frame(self, link: int, frame: bytes) -> None:
        self._shell.frame(link, frame)

    def _on_persisted(self, key: str, error: str) -> None:
        """Called in the storage thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._shell.take, events.Persisted(key, error))

    def _leashed(self) -> None:
        try:
            message = self._leash.receive()
        except BlockingIOError:
            return
        if message is None:
            self._loop.remove_reader(self._leash.fileno())
            self._asked("the supervisor is gone, nobody would restart this daemon")
        elif isinstance(message, Leave):
            self._asked(message.why)
        elif isinstance(message, NewKeys):
            self._new_keys(message)

    def _executor_hung(self, silent_s: float) -> None:
        del silent_s  # the kernel has said it
        self._leash.send(ExecutorHung())

    def _asked(self, why: str) -> None:
        self._log.info(f"asked to leave: {why}")
        self._shell.take(events.Asked(why))

    def _new_keys(self, message: NewKeys) -> None:
        try:
            self._keyring.replace(message.keys)
        except (ImportError, AttributeError, AssertionError) as wrong:
            self._log.error(f"authkeys was not taken over, its method cannot be loaded: {wrong}")
            return
        numbers = ", ".join(str(line.number) for line in message.keys.lines)
        self._log.info(f"authkeys was read again: keys {numbers} open frames, key {message.keys.active} seals")

    def _unexpected(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """Something, a medium most likely, raised in a callback of its own."""
        del loop
        self._log.seldom("loop", f"{context.get('message')}: {context.get('exception')!r}")

    def _status(self) -> ClusterStatus:
        return msgspec.structs.replace(self._shell.status(), realtime=str(self._real_time))

    # shell.Ports

    def seal(self, header: Header, packet: Packet) -> bytes:
        return self._gate.seal(header, packet)

    def open_frame(self, link: int, frame: bytes) -> tuple[Header, Packet] | None:
        return self._gate.open(self._link_names[link], frame)

    def send(self, frame: bytes, link: int) -> None:
        self._links.send(frame, link)

    def drain(self) -> bool:
        return self._links.drain()

    def wake_soon(self) -> None:
        asyncio.get_running_loop().call_soon(self._shell.read_on)

    def run_operation(self, effect: effects.Run) -> None:
        self._executor.run(effect)

    def go(self, effect: effects.Go) -> None:
        self._executor.go(effect)

    def cancel(self, effect: effects.Cancel) -> None:
        self._executor.cancel(effect)

    def hold(self, effect: effects.Hold) -> None:
        self._hold.say(effect)

    def feed(self, effect: effects.Feed) -> None:
        self._hold.feed(effect)

    def disarm(self) -> None:
        self._hold.disarm()

    def persist(self, key: str, value: bytes) -> None:
        self._storage.persist(key, value)

    def record(self, decision: Decision) -> None:
        self._storage.record(decision)
        (self._log.warning if decision.alarm else self._log.info)(decision.text)

    def arm(self, at_s: float) -> None:
        self._timer.arm(at_s)

    def answer(self, effect: effects.Answer) -> None:
        self._api.answer(effect)

    def deliver(self, effect: effects.Deliver) -> None:
        self._api.deliver(effect)

    def changed(self) -> None:
        self._api.changed()

    def halt(self, effect: effects.Halt) -> None:
        self._log.info(f"ends: {effect.why}")
        self._end(EXIT_LEFT if effect.clean else EXIT_UNCLEAN)

    def broken(self, event: events.Event, wrong: Exception) -> None:
        """Keep what a developer needs, tell the operator one line, and end: the supervisor begins a new life."""
        report = self._places.state / f"crash-{int(time.time())}.txt"
        try:
            report.write_text("".join(traceback.format_exception(wrong)), encoding="utf-8")
        except OSError:
            report = Path("no disk took the details")
        what = type(event).__name__
        self._log.error(f"internal error at {what}: {wrong!r}; this daemon is started anew (details: {report})")
        self._end(EXIT_BROKEN)

    def idle(self) -> None:
        if self._collector is not None:
            self._collector.idle()
        self._executor.idle()

    def _end(self, status: int) -> None:
        if not self._ended.done():
            self._ended.set_result(status)


def _links(plan: NodePlan) -> list[Link]:
    pairs = zip(plan.config.media, plan.media, strict=True)
    return [Link(index, medium.link, _maker(place, medium.params)) for index, (medium, place) in enumerate(pairs)]


def _maker(place: str, raw: dict[str, str]) -> MakeMedium:
    """Return what makes a medium; its class is imported now, before anything is real-time."""
    plugin = load_class(place)
    assert issubclass(plugin, Medium)
    params, problems = parse_params(plugin.params, raw, extra=plugin.extra_params)
    assert not problems, problems
    return lambda: plugin(params)
