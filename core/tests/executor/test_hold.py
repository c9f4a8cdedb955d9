"""The guard: what it renews, when it mutes, and whom it outlives. The agent writes down what was asked of it."""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from heartbeat.executor.main import serve
from heartbeat.model.operation import Action, Outcome
from heartbeat.plugin import API_CURRENT, Health, Param, ParamKind, Plugin
from heartbeat.wire.executor import Ping, Pong, Protected, Run, Warm
from heartbeat.wire.hold import Hold, encode_word

from core.tests.executor.conftest import Actor, Executor, Shelf, eventually

LONG_S = 60.0


class Holder(Actor):
    """An Actor that can fall silent: a line for each hold and mute, and what it says of itself."""

    api = API_CURRENT
    params: ClassVar[tuple[Param, ...]] = (  # type: ignore[assignment]
        *Actor.params,
        Param("how", default="kernel"),
        Param("log", ParamKind.PATH, required=True),
    )

    def _log(self, what: str) -> None:
        with Path(self.settings.text("log")).open("a") as log:
            log.write(f"{what} {time.monotonic()} {os.getpid()}\n")

    def hold(self, seconds: float) -> str:
        if self._told("hold") == "raise":
            raise OSError(95, "not supported")
        if self._told("hold") == "late":
            time.sleep(0.05)
        self._log(f"hold={seconds}")
        return self.settings.text("how")

    def mute(self) -> None:
        self._log("mute")

    def _told(self, what: str) -> str:
        return dict(word.split("=", 1) for word in self.settings.text("script").split()).get(what, "")

    def monitor(self) -> Health:
        return Health(self._told("monitor") or "running")


class HolderShelf(Shelf):
    def load(self, kind: str, name: str) -> type[Plugin]:
        return Holder if (kind, name) == ("ra", "holder") else super().load(kind, name)


class Held(Executor):
    """An executor with a guard, and a daemon's word to it."""

    def launch(self) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            serve(self.places, plugins=HolderShelf())

    def renew(self, seconds: float, *muted: str) -> None:
        """Let everything answer for so long from now, but these."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
            daemon.sendto(encode_word(Hold(time.monotonic() + seconds, muted)), str(self.places.hold_socket))

    def ask(self, action: Action, script: str = "", subject: str = "web", **params: str) -> int:
        number = next(self._numbers)
        own = {"notes": str(self.notes), "script": script, "log": str(self.folder / f"{subject}.log"), **params}
        self.daemon.send(Run(number, "ra", "holder", subject, own, action, 8.0))
        return number

    def outcome(self, action: Action, script: str = "", subject: str = "web", **params: str) -> Outcome:
        """Run one operation to its end, whatever is told about protection meanwhile."""
        number = self.ask(action, script, subject, **params)
        while isinstance(report := self.daemon.receive(), Protected):
            self.protection[report.subject] = report.how
        self.daemon.reports.insert(0, report)
        return self.daemon.finished(number).outcome

    def protected(self) -> Protected:
        report = self.daemon.receive()
        assert isinstance(report, Protected), report
        return report

    def log(self, subject: str = "web") -> list[tuple[str, float, int]]:
        """Return what was asked of a resource's hold: what, when, in which process."""
        path = self.folder / f"{subject}.log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(words[0], float(words[1]), int(words[2])) for line in lines if (words := line.split())]

    def last(self, subject: str = "web") -> str:
        """``hold`` or ``mute``, whichever came last; empty before either."""
        lines = self.log(subject)
        return lines[-1][0].partition("=")[0] if lines else ""

    def guard(self) -> int:
        """Return the guard's process number, by the ledger, once it is what it is."""
        pids: list[int] = []

        def found() -> bool:
            try:
                entries = [json.loads(path.read_text()) for path in (self.places.run / "operations").glob("[0-9]*")]
            except FileNotFoundError:  # one ended in between
                return False
            pids[:] = [entry["pid"] for entry in entries if entry["subject"] == "guard"]
            return len(pids) == 1 and is_guard(pids[0])

        eventually(found, "one guard")
        return pids[0]

    protection: dict[str, str]


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    executor = Held(tmp_path)
    executor.protection = {}
    guards = []
    try:
        executor.daemon.send(Warm((("ra", "holder"), ("ra", "actor"))))
        executor.daemon.ready()
        guards.append(executor.guard())
        yield executor
        guards.append(executor.guard())
    finally:
        if executor.pid:
            executor.kill()
        for daemon in executor._daemons:
            daemon.close()
        for guard in guards:
            if is_guard(guard):
                os.kill(guard, signal.SIGKILL)


def is_guard(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text() == "hb-guard\n" and state(pid) not in "ZX"
    except OSError:
        return False


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def running(held: Held, *subjects: str) -> None:
    for subject in subjects or ("web",):
        assert held.outcome(Action.START, subject=subject) is Outcome.DONE


def becomes(held: Held, what: str, subject: str = "web") -> None:
    eventually(lambda: held.last(subject) == what, f"{what} of {subject}, which did {held.log(subject)}")


def test_a_resource_is_held_before_it_starts_and_then_by_the_guard(held: Held) -> None:
    held.renew(LONG_S)
    held.outcome(Action.START, subject="another", notes=str(held.folder / "others"))
    becomes(held, "hold", "another")  # so the daemon's word, which comes on a way of its own, has come
    held.outcome(Action.START, "start=sleep:0.1")
    what, at_s, pid = held.log()[0]
    started_s, child = held.noted_at("start")
    assert what.startswith("hold=")
    eventually(lambda: held.guard() in [who for _, _, who in held.log()], "the guard goes on with the hold")
    assert any(who == child and when < started_s for _, when, who in held.log()), (what, at_s, pid)


def test_each_renewal_sets_the_rest_of_the_permission(held: Held) -> None:
    held.renew(LONG_S)
    running(held)
    held.renew(2 * LONG_S)
    eventually(lambda: any(LONG_S < float(what.split("=")[1]) <= 2 * LONG_S for what, *_ in held.log()), "renewed")


def test_what_protects_is_told_once_and_to_each_daemon(held: Held) -> None:
    held.renew(LONG_S)
    running(held)
    if "web" not in held.protection:
        held.protection["web"] = held.protected().how
    assert held.protection == {"web": "kernel"}
    for _ in range(3):
        held.renew(LONG_S)
    assert held.daemon.is_silent(0.1)
    another = held.connect()
    another.ready()
    report = another.receive()
    assert report == Protected("web", "kernel")


def test_a_permission_that_runs_out_mutes_and_a_new_one_ends_the_silence(held: Held) -> None:
    held.renew(LONG_S)
    running(held)
    held.renew(0.1)
    becomes(held, "mute")
    held.renew(LONG_S)
    becomes(held, "hold")


def test_the_daemon_may_mute_one_resource_and_leave_the_others(held: Held) -> None:
    held.renew(LONG_S)
    running(held, "web", "mail")
    held.renew(LONG_S, "web")
    becomes(held, "mute", "web")
    held.renew(LONG_S, "web")
    held.renew(LONG_S, "web")
    assert held.outcome(Action.MONITOR, subject="mail") is Outcome.RUNNING
    assert held.last("mail") == "hold"
    assert [what for what, *_ in held.log("web")].count("mute") == 1
    held.renew(LONG_S)
    becomes(held, "hold", "web")


def test_the_past_mutes_at_once(held: Held) -> None:
    held.renew(LONG_S)
    running(held)
    held.renew(-1.0)
    becomes(held, "mute")


def test_a_frozen_executor_delays_neither_renewal_nor_silence(held: Held) -> None:
    held.renew(LONG_S)
    running(held)
    os.kill(held.pid, signal.SIGSTOP)
    try:
        before = len(held.log())
        held.renew(2 * LONG_S)
        eventually(lambda: len(held.log()) > before, "renewed")
        held.renew(0.05)
        becomes(held, "mute")
    finally:
        os.kill(held.pid, signal.SIGCONT)


def test_the_guard_outlives_a_killed_executor_until_all_is_silent(held: Held) -> None:
    held.renew(LONG_S)
    running(held)
    guard = held.guard()
    held.kill()
    before = len(held.log())
    held.renew(2 * LONG_S)
    eventually(lambda: len(held.log()) > before, "renewed without an executor")
    held.renew(0.05)
    becomes(held, "mute")
    eventually(lambda: not is_guard(guard), "the guard has nothing left to do")
    held.launch()
    held.daemon = held.connect_anew()
    held.daemon.ready()
    held.daemon.send(Warm(()))
    held.daemon.ready()


def test_a_new_executor_ends_the_old_guard_and_takes_over_what_it_finds_running(held: Held) -> None:
    held.renew(LONG_S)
    running(held)
    guard = held.guard()
    held.kill()
    held.launch()
    held.daemon = held.connect_anew()
    held.daemon.ready()
    eventually(lambda: not is_guard(guard), "the old guard is ended")
    held.daemon.send(Warm((("ra", "holder"),)))
    held.daemon.ready()
    held.renew(LONG_S)
    before = len(held.log())
    assert held.outcome(Action.PROBE) is Outcome.RUNNING
    eventually(lambda: len(held.log()) > before, "the new guard holds it")
    assert held.log()[-1][2] == held.guard()


def test_a_killed_guard_is_forked_anew_with_everything_it_watched(held: Held) -> None:
    held.renew(LONG_S)
    running(held)
    guard = held.guard()
    os.kill(guard, signal.SIGKILL)
    eventually(lambda: held.log()[-1][2] not in (guard, held.log()[0][2]), "another guard holds it")
    held.renew(0.05)
    becomes(held, "mute")


def pinged(held: Held) -> None:
    """Ask the executor whether it turns, and wait until it says so."""
    held.daemon.send(Ping())
    while not isinstance(held.daemon.receive(), Pong):
        pass


def test_a_guard_that_stands_still_is_replaced_by_one_that_watches_the_same(held: Held) -> None:
    held.renew(LONG_S)
    running(held)
    guard = held.guard()
    os.kill(guard, signal.SIGSTOP)
    held.renew(LONG_S)

    def ended() -> bool:
        pinged(held)
        return not is_guard(guard)

    eventually(ended, "the old one is ended")
    eventually(lambda: held.log()[-1][2] == held.guard(), "another guard holds it")
    held.renew(0.05)
    becomes(held, "mute")


def test_a_guard_that_turns_is_left_alone_whenever_it_is_looked_at(held: Held) -> None:
    held.renew(LONG_S)
    running(held)
    guard = held.guard()
    for seconds in range(100, 200):
        held.renew(seconds)
        pinged(held)
    assert held.guard() == guard


def test_a_stopped_resource_is_left_alone_and_one_that_did_not_stop_is_not(held: Held) -> None:
    held.renew(LONG_S)
    running(held, "web", "mail")
    assert held.outcome(Action.STOP, subject="web") is Outcome.DONE
    assert held.outcome(Action.STOP, "stop=raise:PluginError:stuck", subject="mail") is Outcome.FAILED
    before = len(held.log("web"))
    held.renew(0.05)
    becomes(held, "mute", "mail")
    assert len(held.log("web")) == before


def test_a_start_without_permission_does_nothing(held: Held) -> None:
    held.renew(-1.0)
    assert held.outcome(Action.START) is Outcome.CANCELLED
    assert "start" not in held.noted()


def test_a_start_that_outlasts_the_permission_does_not_count(held: Held) -> None:
    held.renew(0.2)
    assert held.outcome(Action.START, "start=sleep:0.5 after=sleep:60") is Outcome.CANCELLED
    assert "after" not in held.noted()


def test_the_silence_ends_the_announcements(held: Held) -> None:
    held.renew(LONG_S)
    assert held.outcome(Action.START, "after=sleep:60") is Outcome.DONE
    eventually(lambda: "after" in held.noted(), "the follow-up begins")
    _, child = held.noted_at("after")
    held.renew(0.05)
    becomes(held, "mute")
    eventually(lambda: not Path(f"/proc/{child}").exists(), "the announcer is ended")


def test_an_agent_that_cannot_hold_does_not_unguard_the_others(held: Held) -> None:
    held.renew(LONG_S)
    running(held, "web")
    assert held.outcome(Action.PROBE, "hold=raise", subject="broken") is Outcome.RUNNING
    before = len(held.log("web"))
    held.renew(LONG_S)
    eventually(lambda: len(held.log("web")) > before, "web is renewed")


def test_a_hold_that_was_set_late_is_set_again_shorter(held: Held) -> None:
    held.renew(0.4)
    assert held.outcome(Action.PROBE, "hold=late") is Outcome.RUNNING
    becomes(held, "mute")
    holds = [(float(what.split("=")[1]), at_s) for what, at_s, _ in held.log() if what.startswith("hold=")]
    assert len(holds) > 1
    assert holds == sorted(holds, reverse=True, key=lambda hold: hold[0])


def test_without_a_daemon_nothing_is_held(held: Held) -> None:
    running(held)
    assert held.log() == []


def test_nonsense_on_the_socket_changes_nothing(held: Held) -> None:
    held.renew(LONG_S)
    running(held)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stranger:
        for datagram in (b"", b"x", b"\xff" * 1000):
            stranger.sendto(datagram, str(held.places.hold_socket))
    held.renew(LONG_S, "web")
    becomes(held, "mute")


def test_each_word_of_the_daemon_is_for_its_own_user_alone(held: Held) -> None:
    assert held.places.hold_socket.stat().st_mode & 0o777 == 0o600
