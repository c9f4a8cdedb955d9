"""The daemon's end of the executor's socket: what is asked, what is told, and an executor that dies meanwhile."""

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from heartbeat.config.cluster_config import ClusterConfig, DeviceConfig
from heartbeat.daemon.executor_link import OWN_IDS, ExecutorLink
from heartbeat.journal.append import Operated
from heartbeat.kernel import effects, events
from heartbeat.model.cluster import Cluster, Timers
from heartbeat.model.group import Group, Resource
from heartbeat.model.names import GroupName, NodeName
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.wire import executor as wire
from heartbeat.wire.local import Unpacker, pack

from core.tests.daemon.waiting import until

if TYPE_CHECKING:
    from core.tests.daemon.conftest import FakeLog

RESOURCE = Resource("10.0.0.1", "IPaddr2", {"ip": "10.0.0.1"}, shares_data=False)
GROUP = Group(GroupName("web"), NodeName("node1"), (RESOURCE,))
DEVICE = DeviceConfig("lab #1", "lab", {"secret": "hunter2"}, ("node2",), can_read_power=True, worst_off_s=1.0)
CLUSTER = Cluster("c", (NodeName("node1"), NodeName("node2")), Timers(0.2, 0.5, 1.0, 10.0), (GROUP,))
CONFIG = ClusterConfig(cluster=CLUSTER, node="node1", media=(), devices=(DEVICE,))

START = effects.Run(7, Action.START, "10.0.0.1", "web", timeout_s=5.0, token=4)
FENCE = effects.Run(8, Action.FENCE, "lab #1", "", host="node2", timeout_s=5.0, host_boot_id="b7")


class FakeExecutor:
    """An executor that does what the test says; each connection in turn."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.asked: list[wire.Request] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self._path))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        unpacker = Unpacker()
        decode = msgspec.msgpack.Decoder(wire.Request).decode
        while chunk := await reader.read(65536):
            self.asked += [decode(message) for message in unpacker.feed(chunk)]
        writer.close()

    def tell(self, *reports: wire.Report) -> None:
        self._writers[-1].write(b"".join(pack(msgspec.msgpack.encode(report)) for report in reports))

    def babble(self) -> None:
        self._writers[-1].write(b"\xff" * 100)

    async def become_ready(self, *running: wire.Running, forgot: str = "", **tokens: int) -> None:
        """Greet, take the plugins, be warm."""
        await until(lambda: any(isinstance(request, wire.Warm) for request in self.asked))
        self.tell(wire.Ready(1, {}, {}, forgot), *running, wire.Ready(1, {}, tokens))

    def die(self) -> None:
        assert self._server is not None
        self._server.close()
        self._path.unlink()
        self._writers[-1].transport.abort()
        self.asked.clear()

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()


class Bench:
    def __init__(self, folder: Path, log: "FakeLog", loop: Any) -> None:
        self.executor = FakeExecutor(folder / "executor.sock")
        self.events: list[events.Event] = []
        self.journal: list[Operated] = []
        self.log = log
        self.link = ExecutorLink(
            folder / "executor.sock", CONFIG, 3, take=self.events.append, append=self.journal.append, log=log
        )
        self._loop = loop

    def play(self, scenario: Coroutine[Any, Any, None]) -> None:
        self._loop.run_until_complete(scenario)

    async def up(self, *running: wire.Running) -> None:
        await self.executor.listen()
        self.link.start()
        await self.executor.become_ready(*running)

    async def happens(self, event: events.Event) -> None:
        await until(lambda: event in self.events)

    def runs(self) -> list[wire.Run]:
        """Return what was asked of the executor, besides the daemon's own questions to devices."""
        return [it for it in self.executor.asked if isinstance(it, wire.Run) and it.id < OWN_IDS]


@pytest.fixture
def bench(tmp_path: Path, log: "FakeLog", loop: Any) -> Iterator[Bench]:
    made = Bench(tmp_path, log, loop)
    yield made

    async def end() -> None:
        made.link.close()
        made.executor.close()
        await asyncio.sleep(0.01)  # for the transports to be closed, which loops do later

    made.play(end())


def test_the_executor_counts_when_its_plugins_are_imported(bench: Bench) -> None:
    async def scenario() -> None:
        await bench.executor.listen()
        bench.link.start()
        await until(lambda: bool(bench.executor.asked))
        assert bench.executor.asked == [wire.Warm((("ra", "IPaddr2"), ("stonith", "lab")))]
        bench.executor.tell(wire.Ready(1, {}))
        bench.executor.tell(wire.Ready(1, {"ra:IPaddr2": "ImportError: pyroute2"}))
        await bench.happens(events.ExecutorChanged(ready=True))
        assert bench.events.count(events.ExecutorChanged(ready=True)) == 1
        assert bench.log.texts == ["the executor cannot use ra:IPaddr2: ImportError: pyroute2"]

    bench.play(scenario())


def test_an_executor_that_comes_later_is_found(bench: Bench) -> None:
    async def scenario() -> None:
        bench.link.start()
        await asyncio.sleep(0)
        await bench.executor.listen()
        await bench.executor.become_ready()
        await bench.happens(events.ExecutorChanged(ready=True))

    bench.play(scenario())


def test_orders_carry_their_tokens_and_a_new_executor_is_told_the_highest(bench: Bench) -> None:
    async def scenario() -> None:
        await bench.up()
        await bench.happens(events.ExecutorChanged(ready=True))
        bench.link.run(msgspec.structs.replace(START, on_hold=True))
        bench.link.go(effects.Go(7, 6))
        bench.link.run(msgspec.structs.replace(START, id=9, action=Action.STOP, token=5))
        await until(lambda: len(bench.runs()) == 2)
        assert [(run.group, run.token) for run in bench.runs()] == [("web", 4), ("web", 5)]
        assert wire.Go(7, 6) in bench.executor.asked
        bench.executor.die()
        await until(lambda: bool(bench.journal))
        await bench.executor.listen()
        await until(lambda: bool(bench.executor.asked))
        (warm,) = bench.executor.asked
        assert isinstance(warm, wire.Warm)
        assert warm.tokens == {"web": 6}

    bench.play(scenario())


def test_the_kernel_is_told_what_the_executor_has_seen_and_what_it_forgot(bench: Bench) -> None:
    async def scenario() -> None:
        await bench.executor.listen()
        bench.link.start()
        await bench.executor.become_ready(forgot="the file is damaged", web=8)
        await bench.happens(events.ExecutorChanged(ready=True, detail="the file is damaged", tokens={"web": 8}))
        bench.executor.die()
        await bench.happens(events.ExecutorChanged(ready=False, detail="the executor died"))
        await bench.executor.listen()
        await bench.executor.become_ready(web=8)
        await bench.happens(events.ExecutorChanged(ready=True, tokens={"web": 8}))

    bench.play(scenario())


def test_an_operation_goes_out_whole_and_its_result_comes_back_and_is_journalled(bench: Bench) -> None:
    async def scenario() -> None:
        await bench.up()
        await bench.happens(events.ExecutorChanged(ready=True))
        bench.link.run(START)
        bench.link.run(FENCE)
        await until(lambda: len(bench.runs()) == 2)
        start, fence = bench.runs()
        assert (start.kind, start.plugin, start.params, start.deadline_s) == ("ra", "IPaddr2", RESOURCE.params, 5.0)
        assert (fence.kind, fence.plugin, fence.params, fence.host) == ("stonith", "lab", DEVICE.params, "node2")
        assert fence.host_boot_id == "b7"
        done = Result(Outcome.DONE, took_s=0.01)
        bench.executor.tell(wire.Finished(7, "10.0.0.1", Action.START, done))
        await bench.happens(events.OperationFinished(7, done))
        (row,) = bench.journal
        assert (row.action, row.subject, row.group) == ("start", "10.0.0.1", "web")
        assert "hunter2" not in repr(bench.journal) + repr(bench.events) + repr(bench.log.texts)

    bench.play(scenario())


def test_an_executor_that_dies_leaves_every_operation_unknown_and_is_taken_up_again(bench: Bench) -> None:
    async def scenario() -> None:
        await bench.up()
        await bench.happens(events.ExecutorChanged(ready=True))
        bench.link.run(START)
        bench.link.run(FENCE)
        await until(lambda: len(bench.runs()) == 2)
        bench.executor.die()
        unknown = Result(Outcome.UNKNOWN, "the executor died meanwhile")
        await bench.happens(events.OperationFinished(8, unknown))
        assert bench.events[-3:] == [
            events.ExecutorChanged(ready=False, detail="the executor died"),
            events.OperationFinished(7, unknown),
            events.OperationFinished(8, unknown),
        ]
        bench.link.run(START)
        assert bench.events[-1] == events.OperationFinished(7, Result(Outcome.UNKNOWN, "the executor is not there"))
        bench.events.clear()
        await bench.executor.listen()
        await bench.executor.become_ready()
        await bench.happens(events.ExecutorChanged(ready=True))

    bench.play(scenario())


def test_nonsense_from_the_executor_is_its_death(bench: Bench) -> None:
    async def scenario() -> None:
        await bench.up()
        await bench.happens(events.ExecutorChanged(ready=True))
        bench.executor.babble()
        await bench.happens(events.ExecutorChanged(ready=False, detail="the executor died"))

    bench.play(scenario())


def test_what_an_earlier_daemon_started_ends_before_the_kernel_may_probe(bench: Bench) -> None:
    async def scenario() -> None:
        await bench.up(wire.Running(99, "10.0.0.1", Action.START))
        await until(lambda: bool(bench.log.texts))
        assert "an earlier daemon's start of 10.0.0.1 is still under way" in bench.log.texts[0]
        assert bench.events == []
        bench.executor.tell(wire.Finished(99, "10.0.0.1", Action.START, Result(Outcome.DONE)))
        await bench.happens(events.ExecutorChanged(ready=True))
        assert events.OperationFinished(99, Result(Outcome.DONE)) not in bench.events, "it is not this kernel's"

    bench.play(scenario())


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (effects.Run(7, Action.START, "10.0.0.9", "web"), "10.0.0.9 is no resource of web in haresources here"),
        (effects.Run(7, Action.FENCE, "lab #2", ""), "lab #2 is no device of this node"),
    ],
    ids=["a resource", "a device"],
)
def test_what_is_not_configured_here_is_refused(bench: Bench, run: effects.Run, why: str) -> None:
    async def scenario() -> None:
        await bench.up()
        await bench.happens(events.ExecutorChanged(ready=True))
        bench.link.run(run)
        assert bench.events[-1] == events.OperationFinished(7, Result(Outcome.REFUSED, why))

    bench.play(scenario())


def test_devices_are_asked_for_their_hosts_and_a_failure_is_told(bench: Bench) -> None:
    async def scenario() -> None:
        await bench.up()
        await until(lambda: any(isinstance(it, wire.Run) for it in bench.executor.asked))
        asked = next(it for it in bench.executor.asked if isinstance(it, wire.Run))
        assert (asked.action, asked.subject) == (Action.HOSTS, "lab #1")
        failed = Result(Outcome.FAILED, "connection refused")
        bench.executor.tell(wire.Finished(asked.id, "lab #1", Action.HOSTS, failed))
        await bench.happens(events.DevicesKnown("lab #1", ("node2",), 1.0, "connection refused"))
        assert bench.log.texts == ["device lab #1 does not answer: connection refused"]

    bench.play(scenario())
