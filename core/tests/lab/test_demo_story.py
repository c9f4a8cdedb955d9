"""The story of a failover, from a journal recorded in a run of the demonstration."""

import json

import msgspec
import pytest
from heartbeat.lab.demo_picture import MEASURE, Scale, picture, plain
from heartbeat.lab.demo_story import NoStory, Setting, Story, as_json, phases_of, story_of
from heartbeat.lab.hb import Entry, Took
from heartbeat.lab.outage import Outage

PULLED_S = 609.874
ENTRIES = [
    Entry(607.580, "view.installed", "cluster", "view 1.0: node1, node2"),
    Entry(610.281, "node.late", "node node1", "node1 is late: nothing heard for 0.500 s"),
    Entry(610.7812, "node.silent", "node node1", "node1 is silent: nothing heard for 1.000 s"),
    Entry(610.7812, "view.installed", "cluster", "view 2.1: node2"),
    Entry(610.7812, "fence.begun", "node node1", "switching node1 off with lab #1"),
    Entry(610.7872, "fence.proved", "node node1", "node1 is off: node1 reads off"),
    Entry(610.7873, "group.start", "group IPaddr2::10.10.10.11/24/eth0", "starting it"),
    Entry(610.8253, "group.running", "group IPaddr2::10.10.10.11/24/eth0", "it runs here"),
    Entry(611.411, "view.installed", "cluster", "view 65.0: node1, node2"),
]
OPERATIONS = [
    Took("probe", "IPaddr2::10.10.10.11/24/eth0", 0.021),
    Took("fence", "lab #1", 0.005),
    Took("start", "IPaddr2::10.10.10.11/24/eth0", 0.003),
    Took("start", "lab-web::80", 0.027),
]
SETTING = Setting("node1", "node2", 1.0, 0.005)


def story(answered_s: float = 610.8293) -> Story:
    failover, switchover = Outage(PULLED_S - 0.004, answered_s, 190), Outage(615.0, 615.042, 7)
    return story_of(SETTING, PULLED_S, failover, switchover, ENTRIES, OPERATIONS)


def test_the_phases_add_up_to_the_outage() -> None:
    told = story()
    assert [phase.name for phase in told.phases] == ["silent", "view", "fenced", "started", "answered"]
    assert sum(phase.took_ms for phase in told.phases) == pytest.approx(told.outage_ms) == pytest.approx(955.3)
    assert [round(phase.took_ms, 1) for phase in told.phases] == [907.2, 0.0, 6.0, 38.1, 4.0]


def test_the_json_has_exactly_what_programs_were_promised() -> None:
    said = json.loads(json.dumps(as_json(story())))
    assert set(said) == {"outage_ms", "switchover_outage_ms", "phases", "lost_requests"}
    assert said["outage_ms"] == 955.3
    assert said["switchover_outage_ms"] == 42.0
    assert said["lost_requests"] == 190
    assert said["phases"] == {"silent": 907.2, "view": 0.0, "fenced": 6.0, "started": 38.1, "answered": 4.0}


def test_an_answer_before_the_agent_has_spoken_ends_the_start() -> None:
    told = story(answered_s=610.8200)
    assert told.phases[-1].took_ms == 0
    assert sum(phase.took_ms for phase in told.phases) == pytest.approx(told.outage_ms) == pytest.approx(946.0)
    assert "before the agent" in told.phases[-1].why


def test_each_phase_says_what_its_time_was_for() -> None:
    silent, view, fenced, started, answered = (phase.why for phase in story().phases)
    assert silent == "deadtime, 1 s from the last beat of node1, which came 93 ms before the plug was pulled"
    assert "node2" in view
    assert fenced == "node1 is switched off and reads back off: lab #1 5 ms"
    assert started.endswith("from left to right: IPaddr2::10.10.10.11/24/eth0 3 ms, lab-web::80 27 ms")
    assert "every 5 ms" in answered


def test_a_late_verdict_is_told() -> None:
    late = msgspec.structs.replace(ENTRIES[2], text="node1 is silent: nothing heard for 1.045 s")
    silent, *_ = phases_of(SETTING, PULLED_S, 610.83, [*ENTRIES[:2], late, *ENTRIES[3:]], OPERATIONS)
    assert silent.why.endswith("the verdict was 45 ms late")


def test_who_waited_before_it_shot_says_how_long_and_why() -> None:
    waited = [
        msgspec.structs.replace(entry, mono_s=entry.mono_s + 3.75)
        if entry.kind in ("fence.begun", "fence.proved", "group.running")
        else entry
        for entry in ENTRIES
    ]
    phases = phases_of(SETTING, PULLED_S, 614.58, waited, ())
    assert "node2 waited 3750 ms, 1.5 times what the device may need" in phases[2].why
    assert phases[2].took_ms > 3750


@pytest.mark.parametrize("missing", ["node.silent", "fence.proved", "group.running"])
def test_a_journal_without_one_of_the_steps_is_no_story(missing: str) -> None:
    entries = [entry for entry in ENTRIES if entry.kind != missing]
    with pytest.raises(NoStory, match=f"node2 has not written down {missing}"):
        phases_of(SETTING, PULLED_S, 610.83, entries, OPERATIONS)


def test_the_picture_has_a_bar_and_a_sentence_for_each_phase() -> None:
    lines = plain(picture(story(), 90, "@"))
    bars = [line for line in lines if "@" in line]
    assert [bar.split()[0] for bar in bars] == ["silent", "view", "fenced", "started", "answered"]
    assert bars[0].endswith("907 ms  907.2 ms")
    assert lines[-2] == "failover    away for 955 ms after the plug was pulled, 190 requests lost"
    assert lines[-1] == "switchover  away for 42 ms from node2 back to node1, 7 requests lost"
    sentences = " ".join(" ".join(lines).split())
    assert all(phase.why in sentences for phase in story().phases)


@pytest.mark.parametrize("width", [72, 80, 100, 300])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = plain(picture(story(), width))
    assert max(map(len, lines)) <= min(width, MEASURE)


def test_bars_follow_each_other_without_a_hole() -> None:
    spans = [line[1][0] for line in picture(story(), 100, "#") if len(line) == 3]
    ends = [len(bar.rstrip()) for bar in spans]
    begins = [len(bar) - len(bar.lstrip()) for bar in spans]
    assert begins[0] == 0
    assert all(begin <= end for begin, end in zip(begins[1:], ends, strict=False))
    assert ends[-1] == max(ends)


def test_deadtime_is_squeezed_only_where_it_dwarfs_the_rest() -> None:
    assert Scale(story(), 70).break_column == 21
    short = msgspec.structs.replace(story().phases[0], end_ms=100.0)
    even = msgspec.structs.replace(story(), phases=(short, *story().phases[1:]))
    assert not Scale(even, 70).is_broken
