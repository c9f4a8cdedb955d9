"""Feeding: the device is opened and fed by permissions alone, and a guard that dies leaves its timer running."""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from heartbeat.executor.feeding import Feeding
from heartbeat.executor.guard import become_guard
from heartbeat.executor.permission import Permission
from heartbeat.plugin import PluginError, Unreachable
from heartbeat.wire.executor import Armed
from heartbeat.wire.hold import Disarm, Feed, Word, encode_word


@dataclass
class Device:
    """A watchdog in a test's hands."""

    said: list[str]
    timeout_s: float = 5.0
    identity: str = "test dog"
    weakness: str = ""
    can_disarm: bool = True
    is_gone: bool = False

    def feed(self) -> None:
        if self.is_gone:
            raise PluginError("the device is gone")
        self.said.append("feed")

    def disarm(self) -> None:
        self.said.append("disarm")

    def abandon(self) -> None:
        self.said.append("abandon")


@dataclass
class Shop:
    """Opens devices, or says why not."""

    said: list[str] = field(default_factory=list)
    told: list[Armed] = field(default_factory=list)
    refusal: str = ""
    device: Device | None = None

    def open(self, path: str, timeout_s: int) -> Device:
        self.said.append(f"open {path} {timeout_s}")
        if self.refusal:
            raise Unreachable(self.refusal)
        self.device = Device(self.said)
        return self.device

    def feeding(self, path: str = "/dev/dog") -> Feeding:
        return Feeding(path, 5, self.told.append, self.open)


def soon() -> float:
    return time.monotonic() + 1.0


def test_the_first_permission_opens_it_and_each_further_one_feeds_it() -> None:
    shop = Shop()
    feeding = shop.feeding()
    assert shop.said == []
    for _ in range(3):
        feeding.feed(soon())
    assert shop.said == ["open /dev/dog 5", "feed", "feed"]
    assert shop.told == [Armed("test dog", 5.0)]


def test_a_permission_that_comes_late_is_void() -> None:
    shop = Shop()
    feeding = shop.feeding()
    feeding.feed(time.monotonic() - 0.001)
    feeding.feed(soon())
    feeding.feed(time.monotonic() - 0.001)
    assert shop.said == ["open /dev/dog 5"]


def test_without_a_device_permissions_mean_nothing() -> None:
    shop = Shop()
    shop.feeding("").feed(soon())
    assert shop.said == []


def test_one_that_cannot_be_opened_is_told_once_and_tried_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(refusal="another process has it")
    feeding = shop.feeding()
    for _ in range(5):
        feeding.feed(soon())
    assert shop.said == ["open /dev/dog 5"]
    assert shop.told == [Armed("", 0.0, problem="another process has it")]
    shop.refusal = ""
    later_s = time.monotonic() + 1.5
    monkeypatch.setattr(time, "monotonic", lambda: later_s)
    feeding.feed(later_s + 1)
    assert shop.told[-1] == Armed("test dog", 5.0)


def test_one_that_takes_no_more_is_given_up_running_and_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop()
    feeding = shop.feeding()
    feeding.feed(soon())
    assert shop.device is not None
    shop.device.is_gone = True
    feeding.feed(soon())
    assert shop.said[-1] == "abandon"
    assert shop.told[-1].problem == "the device is gone"
    later_s = time.monotonic() + 1.5
    monkeypatch.setattr(time, "monotonic", lambda: later_s)
    feeding.feed(later_s + 1)
    assert shop.told[-1] == Armed("test dog", 5.0)


def test_only_the_word_for_it_stops_the_timer_and_no_permission_starts_it_again() -> None:
    shop = Shop()
    feeding = shop.feeding()
    feeding.feed(soon())
    feeding.disarm()
    feeding.feed(soon())
    assert shop.said == ["open /dev/dog 5", "disarm"]


# A real guard, and a timer behind a socket.


class Keeper:
    """Another program's timer: writes down what it is told, and when its owner goes."""

    def __init__(self, path: Path) -> None:
        self.said: list[str] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(path))
        self._listener.listen(4)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection:
                    while word := connection.recv(256).decode():
                        self.said.append(word)
                        if word.startswith("timeout"):
                            connection.send(b"armed 5 test dog")
                self.said.append("gone")

    def hears(self, word: str, times: int = 1) -> None:
        until_s = time.monotonic() + 10
        while self.said.count(word) < times:
            assert time.monotonic() < until_s, self.said
            time.sleep(0.005)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path / "dog")
    yield keeper
    keeper.close()


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Callable[[], tuple[int, Callable[[Word], None]]]]:
    """Return a maker of guards: its pid, and what says a word to it."""
    pids: list[int] = []

    def make() -> tuple[int, Callable[[Word], None]]:
        hold = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = tmp_path / f"hold{len(pids)}"
        hold.bind(str(path))
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            become_guard(hold, theirs, Permission(), lambda *_: pytest.fail("no agent here"), 0, (f"{tmp_path}/dog", 5))
        pids.append(pid)
        theirs.close()
        daemon = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        kept.extend((ours, hold, daemon))

        def say(word: Word) -> None:
            daemon.sendto(encode_word(word), str(path))

        return pid, say

    kept: list[socket.socket] = []
    yield make
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    for each in kept:
        each.close()


Guards = Callable[[], tuple[int, Callable[[Word], None]]]


def test_a_guard_feeds_for_each_word_and_never_by_itself(guard: Guards, keeper: Keeper) -> None:
    _, say = guard()
    say(Feed(soon()))
    keeper.hears("timeout 5")
    say(Feed(soon()))
    keeper.hears("feed")
    say(Feed(time.monotonic() - 1))
    say(Feed(soon()))
    keeper.hears("feed", 2)
    assert keeper.said == ["timeout 5", "feed", "feed"]


def test_the_death_of_a_guard_leaves_the_timer_running_for_its_successor(guard: Guards, keeper: Keeper) -> None:
    pid, say = guard()
    say(Feed(soon()))
    keeper.hears("timeout 5")
    os.kill(pid, signal.SIGKILL)
    keeper.hears("gone")
    _, say = guard()
    say(Feed(soon()))
    keeper.hears("timeout 5", 2)
    assert "disarm" not in keeper.said


def test_the_word_of_a_clean_end_stops_it(guard: Guards, keeper: Keeper) -> None:
    _, say = guard()
    say(Feed(soon()))
    keeper.hears("timeout 5")
    say(Disarm())
    keeper.hears("disarm")
