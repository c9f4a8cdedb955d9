"""What the bench makes of its samples, and the cluster and the loads it measures with."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from heartbeat.lab.bench_cluster import CLASSIC, FAST, FASTEST, write_cluster
from heartbeat.lab.bench_figures import FIGURES, Deaths, measured, measured_deaths, with_nodes
from heartbeat.lab.bench_load import Probe
from heartbeat.lab.plan import read_plan
from heartbeat.pils.registry import PluginRegistry

BY_NAME = {figure.name: figure for figure in FIGURES}


def test_median_p99_and_worst_are_in_the_unit_that_is_shown() -> None:
    result = measured(BY_NAME["standby"], [n / 1000 for n in range(1, 201)])
    assert (result.n, result.unit) == (200, "ms")
    assert (result.median, result.p99, result.max) == pytest.approx((100.5, 198, 200))
    assert not result.reached


def test_the_median_decides_and_not_the_worst() -> None:
    assert measured(BY_NAME["standby"], [0.004, 0.015, 0.9]).reached
    assert not measured(BY_NAME["standby"], [0.004, 0.0151, 0.016]).reached


def test_nothing_measured_is_nothing_reached() -> None:
    result = measured(BY_NAME["cpu"], [])
    assert (result.n, result.median, result.reached) == (0, None, False)


def test_a_stall_spoils_a_run_and_is_told() -> None:
    figure = BY_NAME["deaths-100-16"]
    good, spoilt = Deaths(0, 0.012, 0.06, counts=True, probe_realtime=True), Deaths(
        3, 0.071, 0.06, counts=False, probe_realtime=True
    )  # fmt: skip
    result = measured_deaths(figure, [spoilt, good])
    assert (result.n, result.max, result.reached) == (1, 0, True)
    assert result.notes == (
        "discarded, with 3 deaths: longest stall 71 ms of 60 ms allowed",
        "longest stall 12 ms of 60 ms allowed",
    )
    assert not measured_deaths(figure, [spoilt]).reached
    calm = Deaths(0, 0.0, 0.06, counts=True, probe_realtime=True)
    assert measured_deaths(figure, [calm]).notes == ("longest stall below 5 ms of 60 ms allowed",)
    died = Deaths(1, 0.012, 0.06, counts=True, probe_realtime=False)
    assert not measured_deaths(figure, [good, good, died]).reached
    assert "no real time" in measured_deaths(figure, [died]).notes[0]


def test_of_many_nodes_the_view_the_cost_and_the_false_deaths_are_measured() -> None:
    assert [figure.name for figure in with_nodes(8)] == ["view-8", "cpu-8", "deaths-300-16-8"]
    assert all(figure.nodes == 8 for figure in with_nodes(8))


def test_the_stall_that_excuses_a_death_is_deadtime_less_two_keepalives() -> None:
    assert [timing.stall_s for timing in (CLASSIC, FAST, FASTEST)] == pytest.approx([0.6, 0.18, 0.06])


@pytest.mark.parametrize("timing", [CLASSIC, FAST, FASTEST])
def test_the_cluster_is_one_that_the_lab_can_put_up(tmp_path: Path, timing: object) -> None:
    assert isinstance(timing, type(CLASSIC))
    plan = read_plan(write_cluster(tmp_path, timing), PluginRegistry())
    assert plan.nodes == ("node1", "node2")
    assert len(plan.media) == 2
    assert f"deadtime {timing.deadtime_ms}ms" in (tmp_path / "ha.cf").read_text()
    assert (tmp_path / "authkeys").stat().st_mode & 0o077 == 0


def test_probes_are_read_together_and_within_the_time(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("realtime 1\n5.000000 0.020000\n9.000000 0.500000\n")
    (tmp_path / "b").write_text("realtime 1\n5.100000 0.030000\n5.2")
    stalls = Probe([tmp_path / "a", tmp_path / "b"]).stalls(4.0, 6.0)
    assert (stalls.realtime, stalls.late_s, stalls.worst_s) == (True, (0.03, 0.02), 0.03)
    (tmp_path / "b").write_text("realtime 0\n")
    assert not Probe([tmp_path / "a", tmp_path / "b"]).stalls(0.0, 1.0).realtime


def test_the_probe_sees_that_it_stood_still(tmp_path: Path) -> None:
    """Stopped by a signal: for a program, that is what a stall of its machine is."""
    path, cpu = tmp_path / "probe", str(min(os.sched_getaffinity(0)))
    probe = subprocess.Popen([sys.executable, "-m", "heartbeat.lab.bench_probe", str(path), cpu])
    try:
        until(lambda: path.exists() and path.read_text().startswith("realtime"))
        began_s = time.monotonic()
        probe.send_signal(19)  # SIGSTOP
        until(lambda: time.monotonic() - began_s > 0.1)
        probe.send_signal(18)  # SIGCONT
        until(lambda: Probe([path]).stalls(began_s, float("inf")).worst_s >= 0.09)
    finally:
        with contextlib.suppress(ProcessLookupError):
            probe.kill()
        probe.wait()


def until(so: object) -> None:
    assert callable(so)
    deadline_s = time.monotonic() + 20
    while not so():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.005)
