"""``hb why`` tells the present, and then exactly the chain that was recorded."""

from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from heartbeat.journal.append import Appender, Decided, Life
from heartbeat.journal.query import Journal
from heartbeat.journal.why import LINE_MAX, STEPS_MAX, Now, Story, shorten, tell
from heartbeat.model.reason import Decision, because
from heartbeat.model.status import ClusterStatus

NOW = Now(wall_s=1010.0, mono_s=20.0, boot_id="boot-a")
SILENT = Decision(1, 15.0, "node.silent", "node node2", "node2 is silent", because("no frame for 1.002 s"), alarm=True)
FENCED = Decision(3, 16.0, "fence.proved", "node node2", "node2 is off: lab read it back", because(1, "by lab #1"))
VIEW = Decision(4, 16.001, "view.installed", "cluster", "view 4.0 of node1", because(1))
START = Decision(5, 16.004, "group.start", "group web", "web is taken over from node2", because(4, 3))
RUNS = Decision(6, 16.25, "group.running", "group web", "web runs here", because(5, "all resources started"))
ASIDE = Decision(7, 17.0, "node.heard", "node node3", "node3 is heard", because("a frame arrived"))
TAKEOVER = (SILENT, FENCED, VIEW, START, RUNS, ASIDE)


def write(path: Path, decisions: Iterable[Decision], incarnation: int = 7, boot: str = "boot-a") -> None:
    journal = Appender(path / "journal.db", Life("node1", incarnation, boot, 990.0, 0.0))
    journal.append([Decided(990.0 + one.at_s, one) for one in decisions])
    journal.close()


def story(path: Path, subject: str, status: ClusterStatus | None = None, steps_max: int = STEPS_MAX) -> Story:
    with Journal(path / "journal.db") as book:
        return tell(book, subject, status, NOW, steps_max)


@pytest.fixture
def running(good_status: ClusterStatus) -> ClusterStatus:
    """The daemon's word on the same: web runs on node1, since the moment it was decided."""
    group = msgspec.structs.replace(good_status.groups[0], name="web", since_s=3.75, why="web runs here")
    node = msgspec.structs.replace(good_status.nodes[1], state="off", since_s=4.0, why=FENCED.text)
    return msgspec.structs.replace(good_status, groups=(group,), nodes=(good_status.nodes[0], node))


def test_the_chain_is_what_was_recorded_newest_first_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, TAKEOVER)
    told = story(tmp_path, "group web")
    assert [step.number for step in told.steps] == [6, 5, 4, 3, 1]
    assert [step.facts for step in told.steps] == [
        ("all resources started",),
        (),
        (),
        ("by lab #1",),
        ("no frame for 1.002 s",),
    ]
    assert told.steps[1].decisions == (4, 3)
    assert told.left_off == 0
    assert told.missing == ()


def test_ages_and_distances_are_of_the_monotonic_clock(tmp_path: Path) -> None:
    write(tmp_path, TAKEOVER)
    steps = story(tmp_path, "group web").steps
    assert [round(step.age_s, 6) for step in steps] == [3.75, 3.996, 3.999, 4.0, 5.0]
    assert [round(step.earlier_s, 6) for step in steps] == [0, 0.246, 0.003, 0.001, 1.0]


def test_an_age_before_a_reboot_is_of_the_wall_clock(tmp_path: Path) -> None:
    write(tmp_path, [SILENT], boot="boot-of-yesterday")
    assert story(tmp_path, "node node2").steps[0].age_s == pytest.approx(1010.0 - 1005.0)


def test_the_daemon_tells_the_present_and_the_journal_its_cause(tmp_path: Path, running: ClusterStatus) -> None:
    write(tmp_path, TAKEOVER)
    told = story(tmp_path, "group web", running)
    assert told.from_daemon
    assert told.sentence == (
        "web has been running on node1 for 3.75 s: web runs here, because web is taken over from node2"
    )
    node = story(tmp_path, "node node2", running)
    assert node.sentence == "node2 has been off for 4 s: node2 is off: lab read it back, because node2 is silent"


def test_the_chain_begins_at_the_decision_whose_words_the_daemon_gives(tmp_path: Path, running: ClusterStatus) -> None:
    later = Decision(8, 18.0, "fence.on", "node node2", "node2 was switched on again", because("it was off"))
    write(tmp_path, (*TAKEOVER, later))
    assert story(tmp_path, "node node2", running).steps[0].number == 3


def test_without_the_daemon_the_past_is_not_sold_as_the_present(tmp_path: Path) -> None:
    write(tmp_path, TAKEOVER)
    told = story(tmp_path, "group web")
    assert not told.from_daemon
    assert told.sentence == (
        "the last that was written down, 3.75 s ago: web runs here, because web is taken over from node2"
    )


def test_a_number_is_looked_up_in_its_own_life(tmp_path: Path) -> None:
    write(tmp_path, TAKEOVER, incarnation=7)
    fresh = Decision(1, 18.0, "node.heard", "node node2", "node2 is heard", because("a frame arrived"))
    again = Decision(2, 18.5, "view.installed", "group web", "web waits", because(1))
    write(tmp_path, (fresh, again), incarnation=8)
    told = story(tmp_path, "group web")
    assert [step.text for step in told.steps] == ["web waits", "node2 is heard"]
    assert told.incarnation == 8
    assert told.current_life


def test_an_earlier_life_is_told_as_such_and_not_as_the_cause_of_now(tmp_path: Path, running: ClusterStatus) -> None:
    write(tmp_path, TAKEOVER, incarnation=7)
    write(tmp_path, (), incarnation=8)
    told = story(tmp_path, "group web", running)
    assert told.incarnation == 7
    assert not told.current_life
    assert "because" not in told.sentence


def test_a_cause_that_was_lost_is_named(tmp_path: Path) -> None:
    write(tmp_path, (SILENT, START))
    told = story(tmp_path, "group web")
    assert [step.number for step in told.steps] == [5]
    assert told.missing == (4, 3)


def test_a_journal_that_runs_in_circles_ends_all_the_same(tmp_path: Path) -> None:
    write(
        tmp_path,
        (
            Decision(1, 1.0, "a.b", "group web", "one", because(2)),
            Decision(2, 2.0, "a.b", "group web", "two", because(1, 2, 3)),
        ),
    )
    assert [step.number for step in story(tmp_path, "group web").steps] == [2, 1]


def test_a_long_chain_is_cut_and_says_so(tmp_path: Path) -> None:
    chain = [Decision(1, 1.0, "a.b", "group web", "first", because("fact"))]
    chain += [Decision(n, float(n), "a.b", "group web", f"step {n}", because(n - 1, "fact")) for n in range(2, 41)]
    write(tmp_path, chain)
    told = story(tmp_path, "group web")
    assert len(told.steps) == STEPS_MAX
    assert told.left_off == 1
    assert len(story(tmp_path, "group web", steps_max=1000).steps) == 40


@pytest.mark.parametrize("words", [1, 5, 30, 400])
def test_the_first_line_fits(tmp_path: Path, running: ClusterStatus, words: int) -> None:
    long = " ".join(["word"] * words)
    write(tmp_path, [Decision(1, 15.0, "a.b", "group web", long, because(long + "s"))])
    group = msgspec.structs.replace(running.groups[0], why=long)
    status = msgspec.structs.replace(running, groups=(group,))
    for told in (story(tmp_path, "group web"), story(tmp_path, "group web", status)):
        assert len(told.sentence) <= LINE_MAX
        assert "\n" not in told.sentence


def test_what_is_cut_is_cut_at_a_word() -> None:
    assert shorten("x" * LINE_MAX) == "x" * LINE_MAX
    assert shorten("word " * 30) == ("word " * 23).rstrip() + "…"
    assert len(shorten("x" * 500)) == LINE_MAX


def test_without_a_journal_the_daemon_alone_answers(running: ClusterStatus) -> None:
    told = tell(None, "group web", running, NOW, STEPS_MAX)
    assert told.sentence == "web has been running on node1 for 3.75 s: web runs here"
    assert told.steps == ()
