"""Fakes of everything around the shell, and keys that need no plugin."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvloop
from heartbeat.config.cluster_config import LogConfig
from heartbeat.daemon.keyring import KeyLine, Keys
from heartbeat.daemon.log import Line, Log, Sinks
from heartbeat.kernel.effects import Effect
from heartbeat.kernel.events import Event
from heartbeat.model.status import ClusterStatus


class FakeKernel:
    """Answers each event by a rule; remembers all of them."""

    def __init__(self, rule: Callable[[Event], list[Effect]] = lambda _: []) -> None:
        self.rule = rule
        self.seen: list[tuple[float, Event]] = []

    def step(self, now_s: float, event: Event) -> list[Effect]:
        self.seen.append((now_s, event))
        return self.rule(event)

    def status(self, now_s: float) -> ClusterStatus:
        return ClusterStatus("c", "node1", "member", "primary", "1.0", "node1", f"at {now_s:g}", (), ())


class FakePorts:
    """Writes down every call as ``(name, arguments)``; ``on`` lets one do something too."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.on: dict[str, Callable[..., Any]] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args: Any) -> Any:
            self.calls.append((name, *args))
            return self.on[name](*args) if name in self.on else None

        return call

    @property
    def names(self) -> list[str]:
        return [call[0] for call in self.calls]


class FakeLog(Log):
    """Keeps the lines."""

    def __init__(self) -> None:
        super().__init__(Sinks(LogConfig(debug=1), "node1"))
        self.lines: list[Line] = []

    def _put(self, level: Any, text: str) -> None:
        self.lines.append(Line(0.0, level, text))

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.lines]


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


@pytest.fixture
def make_kernel() -> type[FakeKernel]:
    return FakeKernel


@pytest.fixture
def make_keys() -> Callable[..., Keys]:
    """Return what makes Keys of number=secret, the first one active."""

    def make(**secrets: str) -> Keys:
        lines = tuple(
            KeyLine(int(name[1:]), "hash", "core.tests.daemon.keyed_hash:KeyedHash", secret)
            for name, secret in secrets.items()
        )
        return Keys(lines[0].number, lines)

    return make


@pytest.fixture
def loop() -> Iterator[Any]:
    """The event loop that the daemon runs in."""
    made = uvloop.new_event_loop()
    yield made
    made.close()
