"""Timers: the classic defaults and limits, and what follows from a line that was wrong."""

from typing import TYPE_CHECKING

import pytest
from heartbeat.config.timers import default_initdead
from heartbeat.model.cluster import Failback, Timers

if TYPE_CHECKING:
    from core.tests.config.conftest import LoadText

REST = "bcast eth1\nucast eth0 10.0.0.2\nnode node1 node2\n"


def timers_of(load_text: "LoadText", lines: str) -> tuple[Timers, set[str]]:
    loaded = load_text(ha_cf=REST + lines)
    return loaded.survey.timers, {finding.code for finding in loaded.findings if "HB-C040" <= finding.code < "HB-C047"}


def test_without_a_line_the_timers_are_those_of_heartbeat_3(load_text: "LoadText") -> None:
    assert timers_of(load_text, "") == (Timers(1.0, 15.0, 30.0, 30.0), set())


@pytest.mark.parametrize(("deadtime_s", "initdead_s"), [(1, 12), (5.9, 12), (6, 12), (8, 16), (10, 20), (10.1, 10.1)])
def test_initdead_follows_from_deadtime(deadtime_s: float, initdead_s: float) -> None:
    assert default_initdead(deadtime_s) == initdead_s


@pytest.mark.parametrize("name", ["initdead", "initdeadtime"])
def test_both_names_of_initdead_are_one(load_text: "LoadText", name: str) -> None:
    assert timers_of(load_text, f"{name} 20\n")[0].initdead_s == 20


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("200ms", 0.2), ("200 ms", 0.2), ("1.5", 1.5), ("2min", 120.0), ("500000us", 0.5), (".5", 0.5), ("2S", 2.0)],
)
def test_a_time_is_read_in_every_form(load_text: "LoadText", text: str, seconds: float) -> None:
    assert timers_of(load_text, f"warntime {text}\n")[0].warntime_s == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        ("keepalive 1\ndeadtime 2\n", {"HB-C040"}),
        ("keepalive 100ms\ndeadtime 200ms\ninitdead 30\n", {"HB-C040"}),
        ("keepalive 1\ndeadtime 2.1\n", {"HB-C041"}),
        ("keepalive 1\ndeadtime 5\n", set()),
        ("keepalive 100ms\ndeadtime 500ms\n", set()),
        ("initdead 29\n", {"HB-C042"}),
        ("deadtime 8\ninitdead 9\n", {"HB-C043"}),
        ("warntime 500ms\n", {"HB-C044"}),
        ("deadtime 8\ninitdead 10\n", set()),
        ("warntime 1\n", set()),
        ("warntime 30.1\n", {"HB-C044"}),
        ("warntime 30\n", set()),
        ("keepalive 20ms\ndeadtime 100ms\n", {"HB-C045"}),
        ("deadping 2\n", {"HB-C046"}),
        ("deadping 2.1\n", set()),
    ],
)
def test_only_what_the_classic_daemon_refused_is_refused(load_text: "LoadText", lines: str, codes: set[str]) -> None:
    assert timers_of(load_text, lines)[1] == codes


def test_a_deadtime_that_a_known_stall_could_reach_is_advised_against(load_text: "LoadText") -> None:
    lines = "keepalive 200ms\ndeadtime 1s\n"
    seen = [load_text(ha_cf=REST + lines, worst_stall_s=stall_s).findings for stall_s in (0.4, 0.41)]
    assert ["HB-C045" in {finding.code for finding in findings} for findings in seen] == [False, True]


def test_a_wrong_line_draws_no_findings_about_its_default(load_text: "LoadText") -> None:
    assert timers_of(load_text, "keepalive soon\ndeadtime 1s\n")[1] == set()
    assert timers_of(load_text, "keepalive 1\ndeadtime 1\n")[1] == {"HB-C040"}


@pytest.mark.parametrize(
    ("lines", "failback"),
    [
        ("", Failback.LEGACY),
        ("auto_failback legacy\n", Failback.LEGACY),
        ("auto_failback on\n", Failback.ON),
        ("auto_failback No\n", Failback.OFF),
        ("nice_failback on\n", Failback.OFF),
        ("nice_failback off\n", Failback.LEGACY),
        ("nice_failback off\nauto_failback on\n", Failback.ON),
    ],
)
def test_failback_is_what_is_said_or_legacy(load_text: "LoadText", lines: str, failback: Failback) -> None:
    loaded = load_text(ha_cf=REST + lines)
    assert loaded.config is not None
    assert loaded.config.cluster.failback is failback
