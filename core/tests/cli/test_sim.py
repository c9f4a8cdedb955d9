"""hb sim: seeds, one seed, a file."""

import json
from pathlib import Path

from click.testing import CliRunner
from heartbeat.cli.sim import sim
from heartbeat.sim import schedule
from heartbeat.sim.swarm import draw


def test_a_range_of_seeds_ends_with_its_tally() -> None:
    result = CliRunner().invoke(sim, ["--seeds", "3", "--from", "10", "--processes", "1", "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["from"], told["seeds"], told["violations"]) == (10, 3, {})
    assert told["steps"] > 0
    assert told["transitions"]


def test_one_seed_tells_its_trace_and_a_file_of_it_the_same(tmp_path: Path) -> None:
    by_seed = CliRunner().invoke(sim, ["--seed", "5"])
    path = tmp_path / "five.json"
    path.write_text(schedule.text(draw(5)))
    by_file = CliRunner().invoke(sim, [str(path)])
    assert by_seed.exit_code == by_file.exit_code == 0
    assert by_seed.output == by_file.output
    assert "trace " in by_seed.output


def test_a_dump_ends_where_it_is_told_to() -> None:
    told = CliRunner().invoke(sim, ["--seed", "5", "--until", "2", "--dump"]).output
    assert "node.started" in told
    assert "2.000 virtual s" in told


def test_what_is_no_schedule_is_wrong_use(tmp_path: Path) -> None:
    path = tmp_path / "no.json"
    path.write_text("{}")
    result = CliRunner().invoke(sim, [str(path)])
    assert result.exit_code == 2
    assert "holds no schedule" in result.output


def test_there_is_nothing_to_shrink_in_a_good_run(tmp_path: Path) -> None:
    result = CliRunner().invoke(sim, ["--seed", "5", "--shrink", str(tmp_path / "out.json")])
    assert result.exit_code == 1
    assert "nothing to shrink" in result.output
