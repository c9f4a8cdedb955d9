"""Holes between answers, and when a service counts as back."""

import contextlib
from pathlib import Path

import pytest
from heartbeat.lab.control import LabError
from heartbeat.lab.outage import STEADY, is_steady, longest_hole, outage_after
from heartbeat.lab.table import Row, Table, Watch


def rows(answered: list[float], lost: list[float]) -> list[Row]:
    made = [Row(at, at + 0.001, 1) for at in answered] + [Row(at, 0.0, 0) for at in lost]
    return sorted(made)


def test_the_longest_hole_that_ended_after_the_moment_is_the_outage() -> None:
    asked = rows([1.0, 1.5, 1.505, 2.4, 2.405], [1.6, 1.8, 2.0])
    outage = longest_hole(asked, 1.51)
    assert (outage.begun_s, outage.ended_s) == pytest.approx((1.506, 2.401))
    assert outage.lasted_s == pytest.approx(0.895)
    assert outage.lost == 3


def test_an_earlier_hole_is_not_this_one() -> None:
    asked = rows([1.0, 1.9, 1.905, 2.1, 2.105], [1.2, 2.0])
    assert longest_hole(asked, 1.91).lasted_s == pytest.approx(0.195)


def test_an_answer_that_came_late_ends_the_hole_when_it_came() -> None:
    asked = [Row(1.0, 1.001, 1), Row(1.1, 1.5, 2), Row(1.45, 1.46, 2)]
    assert longest_hole(asked, 1.05).ended_s == pytest.approx(1.46)


def test_without_an_answer_on_either_side_nothing_was_measured() -> None:
    with pytest.raises(LabError, match="before and after"):
        longest_hole(rows([1.0], [1.1, 1.2]), 1.05)


def test_steady_means_all_of_the_newest_but_those_on_their_way() -> None:
    good = [n * 0.005 for n in range(STEADY)]
    assert is_steady(rows(good, [0.2, 0.205]))
    assert not is_steady(rows(good[1:], [0.2, 0.205]))
    assert not is_steady(rows(good[:10] + good[11:] + [0.1], [good[10], 0.2, 0.205]))


def test_a_service_that_stays_away_is_told(tmp_path: Path) -> None:
    with contextlib.closing(Table(tmp_path / "table")) as table:
        table.sent(1.0)
        with pytest.raises(LabError, match="did not answer steadily within"):
            outage_after(Watch(table, 0.005), 0.5, timeout_s=0.05)
