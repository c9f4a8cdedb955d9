"""``hb hooks``: what it tells, when, and what listeners of every bad kind cost the others."""

import signal
from pathlib import Path

import msgspec
import pytest
from heartbeat.hooks.seat import QUEUE_MAX
from heartbeat.model.operation import Outcome
from heartbeat.model.status import ClusterStatus
from heartbeat.wire import api

from core.tests.hooks.house import House, is_alive, running_on, with_states
from core.tests.plugin_site import BROKEN


def listening(home: House, status: ClusterStatus, *hooks: str, limits: str = "") -> None:
    """Have a daemon and a journal, and hooks that hear of them."""
    home.configure("ear", *hooks)
    home.decide("node.started")
    home.daemon_runs(status)
    home.start(limits)
    home.ready()
    home.until(lambda: {"node": "node1"} in home.heard("status_changed"))


def test_what_is_new_in_the_status_is_told_and_what_was_true_before_is_not(
    home: House, good_status: ClusterStatus
) -> None:
    listening(home, good_status)
    assert not home.heard("view_installed")
    links = tuple(msgspec.structs.replace(link, state="down") for link in good_status.nodes[1].links)
    node2 = msgspec.structs.replace(good_status.nodes[1], links=links)
    home.now_is(msgspec.structs.replace(good_status, nodes=(good_status.nodes[0], node2)))
    home.hears(
        "link_changed",
        {"node": "node2", "link": "bcast/eth1", "state": "down"},
        {"node": "node2", "link": "ucast/eth2", "state": "down"},
    )
    home.now_is(running_on(with_states(good_status, "4.0", node2="silent"), "", "unknown"))
    home.hears("view_installed", {"epoch": 4, "members": ["node1"], "left": ["node2"], "joined": []})
    home.now_is(running_on(with_states(good_status, "5.0"), "node2"))
    home.hears("group_moved", {"group": "10.0.0.1", "source": "node1", "target": "node2"})


def test_decisions_fences_and_failing_plugins_come_from_the_journal(home: House, good_status: ClusterStatus) -> None:
    listening(home, good_status)
    home.operate("fence", "acme #1", "node2", Outcome.DONE)
    home.decide("fence.proved", "node node2", "node2 is off: acme #1 reads it back as off")
    home.decide("fence.confirmed", "node node2", "node2 is off: root confirmed it")
    home.decide("device.silent", "device acme #1", "STONITH device acme #1: no answer", alarm=True)
    home.operate("stop", "web", "", Outcome.FAILED, "it would not")
    home.operate("monitor", "web", "", Outcome.FAILED, "the service's own fault")
    home.hears(
        "node_fenced",
        {"node": "node2", "device": "acme #1", "proof": "node2 is off: acme #1 reads it back as off"},
        {"node": "node2", "device": "", "proof": "node2 is off: root confirmed it"},
    )
    home.hears(
        "plugin_failed",
        {"kind": "stonith", "name": "acme #1", "problem": "STONITH device acme #1: no answer"},
        {"kind": "ra", "name": "web", "problem": "stop: failed: it would not"},
    )
    told = [(it["kind"], it["level"]) for it in home.heard("decision_taken")]
    assert told[-3:] == [("fence.proved", "info"), ("fence.confirmed", "info"), ("device.silent", "alarm")]


def test_a_daemon_that_dies_and_comes_back_is_followed(home: House, good_status: ClusterStatus) -> None:
    listening(home, good_status)
    home.daemon_dies()
    home.until(lambda: home.heard("status_changed")[-1] == {"node": ""})
    home.decide("node.silent", "node node2")
    home.until(lambda: home.heard_last("decision_taken").get("kind") == "node.silent")
    home.daemon_runs(with_states(good_status, "9.0", node2="off"))
    home.hears("view_installed", {"epoch": 9, "members": ["node1"], "left": ["node2"], "joined": []})


def test_a_daemon_that_stands_still_counts_as_gone(home: House, good_status: ClusterStatus) -> None:
    home.configure("ear")
    home.daemon_runs(good_status).will(api.GetStatus)  # no answer
    home.start(status_s=0.3)
    home.says("no daemon: it does not answer")
    home.until(lambda: {"node": ""} in home.heard("status_changed"))


def test_without_a_daemon_and_without_a_journal_it_waits_for_both(home: House, good_status: ClusterStatus) -> None:
    home.configure("ear")
    home.start()
    home.ready()
    assert home.heard("status_changed")[0] == {"node": ""}
    home.daemon_runs(good_status)
    home.until(lambda: {"node": "node1"} in home.heard("status_changed"))
    home.decide("node.started", "node node1")
    home.until(lambda: bool(home.heard("decision_taken")))


@pytest.mark.parametrize("way", BROKEN)
def test_one_that_is_broken_at_import_is_a_line_and_the_others_hear(
    home: House, good_status: ClusterStatus, way: str
) -> None:
    source, reason = BROKEN[way]
    home.site.add(f"vendor-{way}", {"hooks:broken": "Thing"}, source)
    listening(home, good_status, "broken")
    home.says("broken: ")
    home.says(reason.replace("StonithDevice", "Listener"))
    home.decide("node.silent", "node node2")
    home.until(lambda: home.heard_last("decision_taken").get("kind") == "node.silent")
    assert "Traceback" not in home.said.read_text()


RAISES = '''
from heartbeat.plugin import Listener

class Raises(Listener):
    """Raises at everything, also at being told of others."""

    api = 1
    title = "raises"

    def decision_taken(self, text):
        raise RuntimeError(f"not {text}")

    def plugin_failed(self, problem):
        raise RuntimeError("you too?")
'''


def test_one_that_raises_is_told_the_next_fact_all_the_same_and_the_others_hear_of_it_once(
    home: House, good_status: ClusterStatus
) -> None:
    home.site.add("vendor-raises", {"hooks:raises": "Raises"}, RAISES)
    listening(home, good_status, "raises", "raises")
    for _ in range(3):
        home.decide("node.late", "node node2", "again")
    home.says("raises: decision_taken: RuntimeError: not again")
    home.says("raises #2: decision_taken: RuntimeError: not again")
    home.until(lambda: home.said.read_text().count("raises: decision_taken: RuntimeError: not again") == 3)
    home.until(lambda: len(home.heard("plugin_failed")) >= 2)
    failed = [it["name"] for it in home.heard("plugin_failed")]
    assert sorted(failed) == ["raises", "raises #2"]
    assert home.said.read_text().count("you too?") <= 2


HANGS = '''
import os, time
from heartbeat.plugin import Listener, Param, ParamKind

class Hangs(Listener):
    """Hangs where Python cannot be interrupted, with a child that would stay behind."""

    api = 1
    title = "hangs"
    params = (Param("file", ParamKind.PATH, required=True, example="/tmp/pids", help="Who hangs."),)

    def node_fenced(self):
        child = os.fork()
        with open(self.settings.text("file"), "a") as file:
            file.write(f"{os.getpid()}\\n")
        import signal
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while True:
            time.sleep(1000)
'''


def test_one_that_hangs_is_killed_when_its_time_is_over_and_started_again(
    home: House, good_status: ClusterStatus, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    home.site.add("vendor-hangs", {"hooks:hangs": "Hangs"}, HANGS)
    listening(home, good_status, f"hangs file={pids}", limits="tell_s=0.5, pause_s=0.1")
    home.decide("fence.confirmed", "node node2", "node2 is off")
    home.says("hangs: did not come back from node_fenced within 0.5 s; it is started again")
    home.until(lambda: not any(is_alive(int(pid)) for pid in pids.read_text().split()))
    home.until(lambda: {"hangs"} == {it["name"] for it in home.heard("plugin_failed")})
    home.until(lambda: len(home.children()) == 2)
    home.decide("fence.confirmed", "node node2", "node2 is off again")
    home.until(lambda: len(pids.read_text().split()) == 4)


SLOW = '''
import os, time
from heartbeat.plugin import Listener, Param, ParamKind

class Slow(Listener):
    """Takes its time for the first fact."""

    api = 1
    title = "slow"
    params = (Param("gate", ParamKind.PATH, required=True, example="/tmp/gate", help="Waits for it."),)

    def decision_taken(self):
        while not os.path.exists(self.settings.text("gate")):
            time.sleep(0.01)
'''


def test_one_that_does_not_keep_up_loses_the_oldest_facts_and_that_is_said(
    home: House, good_status: ClusterStatus, tmp_path: Path
) -> None:
    home.site.add("vendor-slow", {"hooks:slow": "Slow"}, SLOW)
    listening(home, good_status, f"slow gate={tmp_path / 'gate'}")
    home.decide("node.late", "node node2", times=QUEUE_MAX // 2)
    home.until(lambda: len(home.heard("decision_taken")) == QUEUE_MAX // 2)
    home.decide("node.late", "node node2", times=QUEUE_MAX // 2 + 11)
    home.until(lambda: len(home.heard("decision_taken")) == QUEUE_MAX + 11)
    (tmp_path / "gate").touch()
    home.says("slow: 10 facts were dropped: it does not keep up")


def test_one_that_hangs_costs_the_others_nothing_and_ends_with_all_that_it_started(
    home: House, good_status: ClusterStatus, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    home.site.add("vendor-hangs", {"hooks:hangs": "Hangs"}, HANGS)
    listening(home, good_status, f"hangs file={pids}")
    home.decide("fence.confirmed", "node node2", "node2 is off")
    home.until(lambda: pids.exists() and len(pids.read_text().splitlines()) == 2)
    home.decide("node.late", "node node2")
    home.until(lambda: home.heard_last("decision_taken").get("kind") == "node.late")
    assert home.stop() == 0
    home.until(lambda: not any(is_alive(int(pid)) for pid in pids.read_text().split()))


FLOODS = '''
from heartbeat.plugin import Listener

class Floods(Listener):
    """Prints without end."""

    api = 1
    title = "floods"

    def decision_taken(self):
        while True:
            print("x" * 70)
'''


def test_one_that_prints_without_end_is_let_print_a_little(home: House, good_status: ClusterStatus) -> None:
    home.site.add("vendor-floods", {"hooks:floods": "Floods"}, FLOODS)
    listening(home, good_status, "floods")
    home.decide("node.late", "node node2")
    home.says("floods: it says: ")
    home.decide("node.late", "node node2", times=50)
    home.until(lambda: len(home.heard("decision_taken")) > 50)
    lines = [line for line in home.said.read_text().splitlines() if "floods: " in line]
    assert len(lines) <= 20


ENDS = '''
import os, signal
from heartbeat.plugin import Listener

class Ends(Listener):
    """Ends the process in two ways."""

    api = 1
    title = "ends"

    def node_fenced(self):
        os.kill(os.getpid(), signal.SIGSEGV)

    def decision_taken(self, kind):
        if kind == "node.left":
            raise SystemExit(3)
'''


def test_one_that_ends_its_process_is_started_again(home: House, good_status: ClusterStatus) -> None:
    home.site.add("vendor-ends", {"hooks:ends": "Ends"}, ENDS)
    listening(home, good_status, "ends")
    home.decide("fence.confirmed", "node node2", "node2 is off")
    home.says("ends: ended by itself (killed by SIGSEGV); it is started again")
    home.decide("node.left", "node node2")
    home.says("ends: ended by itself (exit status 3); it is started again")
    home.until(lambda: len(home.children()) == 2)


def test_the_end_lets_every_listener_close_and_leaves_no_process(home: House, good_status: ClusterStatus) -> None:
    listening(home, good_status)
    children = home.children()
    assert len(children) == 1
    assert home.stop() == 0
    assert home.heard("close") == [{}]
    assert not any(is_alive(pid) for pid in children)


def test_listeners_end_with_the_process_whatever_ended_that(home: House, good_status: ClusterStatus) -> None:
    listening(home, good_status)
    children = home.children()
    assert home.process is not None
    home.process.send_signal(signal.SIGKILL)
    home.process.wait()
    home.until(lambda: not any(is_alive(pid) for pid in children))


def test_with_no_hook_it_says_so_and_asks_not_to_be_started_again(home: House) -> None:
    home.configure()
    home.start()
    assert home.process is not None
    assert home.process.wait(20) == 100
    assert "names no hook" in home.said.read_text()


def test_an_unreadable_configuration_is_one_line(home: House) -> None:
    home.start()
    assert home.process is not None
    assert home.process.wait(20) == 100
    (line,) = home.said.read_text().splitlines()
    assert "ha.cf cannot be read: No such file or directory" in line
