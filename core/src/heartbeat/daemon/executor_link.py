"""The daemon's end of executor.sock: effects become requests, reports become events."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from heartbeat.config.cluster_config import ClusterConfig, DeviceConfig
from heartbeat.daemon.executor_watch import LEEWAY_S, TICK_S, ExecutorWatch, Hung
from heartbeat.daemon.log import Log
from heartbeat.journal.append import Operated
from heartbeat.kernel import effects, events
from heartbeat.model.group import Resource
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.wire import executor as wire
from heartbeat.wire.local import Malformed, Unpacker, pack

OWN_IDS = 1 << 60
"""Operations that the shell itself asks for (HOSTS) are numbered from here; the kernel counts from below."""
RECONNECT_S = 0.05
"""Between two attempts to reach the executor: it is restarted at once when it dies."""
HOSTS_TIMEOUT_S = 30.0
HOSTS_AGAIN_S = 3600.0
"""A device is asked for its hosts once an hour, as heartbeat 3 asked for its status: failure is logged, no more."""
HOSTS_RETRY_S = (10.0, 30.0, 60.0, 300.0)

_decoder = msgspec.msgpack.Decoder(wire.Report)
_encode = msgspec.msgpack.Encoder().encode

Take = Callable[[events.Event], None]
Append = Callable[[Operated], None]


class _Operation(msgspec.Struct, frozen=True):
    action: Action
    subject: str
    group: str
    host: str


class ExecutorLink:
    """Keeps a connection to the executor, and remembers what is under way."""

    def __init__(
        self,
        path: Path,
        config: ClusterConfig,
        incarnation: int,
        *,
        take: Take,
        append: Append,
        log: Log,
        hung: Hung = lambda _: None,
    ) -> None:
        """``hung`` is called with the seconds for which an executor has stood still; it should die of it."""
        self._path = path
        self._hung = hung
        self._deadtime_s = config.cluster.timers.deadtime_s
        self._watch: ExecutorWatch | None = None
        self._is_late = False
        self._look_s = 0.0
        self._looking: asyncio.TimerHandle | None = None
        self._take = take
        self._append = append
        self._log = log
        self._resources: Mapping[tuple[str, str], Resource] = {
            (group.name, resource.name): resource for group in config.cluster.groups for resource in group.resources
        }
        self._devices: Mapping[str, DeviceConfig] = {device.name: device for device in config.devices}
        self._tie_breakers = {breaker.name: breaker for breaker in config.tie_breakers}
        self._plugins = config.drivers
        self._under_way: dict[int, _Operation] = {}
        self._inherited: set[int] = set()
        self._asked: dict[int, tuple[DeviceConfig, int]] = {}
        self._tokens: dict[str, int] = {}
        """By group, the highest that this daemon has sent."""
        self._kept: dict[str, int] = {}
        """By group, the highest that the executor says it has seen."""
        self._forgot = ""
        """Why it does not know."""
        self._next_own = OWN_IDS + (incarnation << 20)
        self._transport: asyncio.WriteTransport | None = None
        self._greeted = False
        self._warmed = False
        self._ready = False
        self._task: asyncio.Task[None] | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._closed = False

    def start(self) -> None:
        """Connect, and connect again whenever the executor was lost."""
        self._task = asyncio.get_running_loop().create_task(self._connect())

    def close(self) -> None:
        self._closed = True
        for timer in self._timers:
            timer.cancel()
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.abort()

    # What the kernel asks for

    def run(self, effect: effects.Run) -> None:
        """Have one operation carried out; without an executor its outcome is unknown at once."""
        request = self._request(effect)
        self._under_way[effect.id] = _Operation(effect.action, effect.subject, effect.group, effect.host)
        self._sending(effect.group, effect.token)
        if isinstance(request, str):
            self._finish(effect.id, Result(Outcome.REFUSED, request))
        elif not self._send(request):
            self._finish(effect.id, Result(Outcome.UNKNOWN, "the executor is not there"))

    def _sending(self, group: str, token: int) -> None:
        if group:
            self._tokens[group] = max(token, self._tokens.get(group, 0))

    def go(self, effect: effects.Go) -> None:
        if effect.id in self._under_way:
            self._sending(self._under_way[effect.id].group, effect.token)
        self._send(wire.Go(effect.id, effect.token))

    def cancel(self, effect: effects.Cancel) -> None:
        self._send(wire.Cancel(effect.id))

    def _request(self, run: effects.Run) -> wire.Run | str:
        """Return what to send, or why it cannot be said."""
        if run.group:
            resource = self._resources.get((run.group, run.subject))
            if resource is None:
                return f"{run.subject} is no resource of {run.group} in haresources here"
            kind, plugin, params = "ra", resource.agent, resource.params
        elif run.tie is not None:
            breaker = self._tie_breakers.get(run.subject)
            if breaker is None:
                return f"{run.subject} is no tie-breaker in ha.cf here"
            kind, plugin, params = "quorum", breaker.type, breaker.params
        else:
            device = self._devices.get(run.subject)
            if device is None:
                return f"{run.subject} is no device of this node"
            kind, plugin, params = "stonith", device.type, device.params
        return wire.Run(
            run.id,
            kind,
            plugin,
            run.subject,
            params,
            run.action,
            run.timeout_s,
            run.host,
            on_hold=run.on_hold,
            group=run.group,
            token=run.token,
            host_boot_id=run.host_boot_id,
            tie=run.tie,
        )

    def _send(self, request: wire.Request) -> bool:
        if self._transport is None or (not self._ready and not isinstance(request, wire.Warm)):
            return False
        self._transport.write(pack(_encode(request)))
        return True

    # The connection

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        since_s = time.monotonic()
        while True:
            try:
                await loop.create_unix_connection(lambda: _Wire(self), str(self._path))
            except OSError as wrong:
                if time.monotonic() - since_s > 1.0:
                    self._log.seldom("executor", f"the executor cannot be reached at {self._path}: {wrong.strerror}")
                await asyncio.sleep(RECONNECT_S)
            else:
                return

    def connected(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport
        self._greeted = self._warmed = False
        self._inherited.clear()
        self._forgot = ""
        self._send(wire.Warm(self._plugins, dict(self._tokens)))

    def lost(self) -> None:
        """The executor died: every operation under way is of unknown outcome. After close it is nobody's concern."""
        if self._closed:
            return
        was_ready, self._ready, self._transport = self._ready, False, None
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._watch, self._is_late = None, False
        self._asked.clear()
        if was_ready:
            self._take(events.ExecutorChanged(ready=False, detail="the executor died"))
        for number in list(self._under_way):
            self._finish(number, Result(Outcome.UNKNOWN, "the executor died meanwhile"))
        self.start()

    def received(self, message: bytes) -> None:
        """Take one report; raises ValueError when it is none."""
        report = _decoder.decode(message)
        if self._watch is not None:
            self._watch.heard(time.monotonic())
            self._tell_late(0.0)
        if isinstance(report, wire.Pong):
            return
        if isinstance(report, wire.Running):
            if report.id not in self._under_way and report.action not in _DEVICE_ACTIONS:
                self._inherited.add(report.id)
                self._log.info(f"an earlier daemon's {report.action.value} of {report.subject} is still under way")
        elif isinstance(report, wire.Protected):
            self._take(events.HoldKnown(report.subject, report.how))
        elif isinstance(report, wire.Armed):
            known = (report.identity, report.timeout_s, report.weakness, report.problem)
            self._take(events.WatchdogKnown(*known))
        elif isinstance(report, wire.Ready):
            self._warm(report)
        elif report.id in self._asked:
            self._hosts_known(report)
        else:
            self._inherited.discard(report.id)
            self._finish(report.id, report.result)
            self._announce()

    def _warm(self, report: wire.Ready) -> None:
        """Ready comes twice: on connecting, and when all plugins are imported. The second one counts."""
        for plugin, reason in sorted(report.broken.items()):
            self._log.error(f"the executor cannot use {plugin}: {reason}")
        self._forgot = self._forgot or report.forgot
        self._kept = report.tokens
        self._warmed, self._greeted = self._greeted, True
        self._announce()

    def _announce(self) -> None:
        """Tell the kernel once the executor is warm and an earlier daemon's operations on resources have ended.

        Probing beside a start that is still under way would find the resource stopped, and be wrong a moment later.
        """
        if self._ready or not self._warmed or self._inherited:
            return
        self._ready = True
        self._take(events.ExecutorChanged(ready=True, detail=self._forgot, tokens=self._kept))
        self._watch = ExecutorWatch(self._deadtime_s, time.monotonic())
        self._look_again(self._watch)
        for device in self._devices.values():
            self._ask_hosts(device, 0)

    def idle(self) -> None:
        """The loop is awake, and has nothing to do: looked at now, the executor costs no waking up of its own."""
        if self._watch is not None and time.monotonic() >= self._look_s:
            self._look_again(self._watch)

    def _look_again(self, watch: ExecutorWatch) -> None:
        """Ask it once a second, as long as this connection lasts."""
        if self._looking is not None:
            self._looking.cancel()
        if watch is not self._watch or self._closed:
            return
        now_s = time.monotonic()
        silent_s = watch.tick(now_s)
        self._tell_late(watch.late_s(now_s))
        if silent_s:
            self._take(events.ExecutorHung(silent_s))
            self._hung(silent_s)
        else:
            self._send(wire.Ping())
        self._look_s = now_s + TICK_S
        self._looking = asyncio.get_running_loop().call_later(TICK_S + LEEWAY_S, self._look_again, watch)

    def _tell_late(self, silent_s: float) -> None:
        """Tell the kernel when an answer is overdue, and when it has come; the kernel counts on from there."""
        if bool(silent_s) != self._is_late:
            self._is_late = bool(silent_s)
            self._take(events.ExecutorSilent(silent_s))

    def _finish(self, number: int, result: Result) -> None:
        operation = self._under_way.pop(number, None)
        if operation is None:
            return
        self._append(
            Operated(
                time.time(),
                time.monotonic(),
                number,
                operation.action.value,
                operation.subject,
                operation.group,
                operation.host,
                result,
            )
        )
        self._take(events.OperationFinished(number, result))

    # Which hosts the devices can switch

    def _ask_hosts(self, device: DeviceConfig, failures: int) -> None:
        self._next_own += 1
        self._asked[self._next_own] = (device, failures)
        self._send(
            wire.Run(self._next_own, "stonith", device.type, device.name, device.params, Action.HOSTS, HOSTS_TIMEOUT_S)
        )

    def _hosts_known(self, report: wire.Finished) -> None:
        device, failures = self._asked.pop(report.id)
        result = report.result
        good = result.outcome is Outcome.DONE
        problem = "" if good else result.detail or result.outcome.value
        if good and failures:
            self._log.info(f"device {device.name} answers again")
        elif not good:
            self._log.warning(f"device {device.name} does not answer: {problem}")
        hosts = tuple(sorted(host.lower() for host in (device.hosts or result.hosts)))
        self._take(
            events.DevicesKnown(
                device.name,
                hosts,
                device.worst_off_s,
                problem,
                serialises=device.serialises,
                gives_power=device.gives_power,
                level=device.level,
                supplies=device.supplies,
            )
        )
        pause_s = HOSTS_AGAIN_S if good else HOSTS_RETRY_S[min(failures, len(HOSTS_RETRY_S) - 1)]
        again = 0 if good else failures + 1
        loop = asyncio.get_running_loop()
        self._timers = [timer for timer in self._timers if timer.when() > loop.time()]
        self._timers.append(loop.call_later(pause_s, self._ask_hosts, device, again))


_DEVICE_ACTIONS = (Action.HOSTS, Action.FENCE, Action.ON, Action.POWER)


class _Wire(asyncio.Protocol):
    """Bytes of one connection."""

    def __init__(self, link: ExecutorLink) -> None:
        self._link = link
        self._unpacker = Unpacker()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports share the interface, not the base classes.
        self._transport = transport  # type: ignore[assignment]
        assert self._transport is not None
        self._link.connected(self._transport)

    def data_received(self, data: bytes) -> None:
        try:
            for message in self._unpacker.feed(data):
                self._link.received(message)
        except (Malformed, msgspec.ValidationError, msgspec.DecodeError):
            assert self._transport is not None
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.lost()
