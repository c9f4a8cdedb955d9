"""The search for chance: every plugin once, every check so often, and what fails now and then is told."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "mutants"))

import bank
import flaky

CHANCE = """
turns = iter([True, True, False])

def test_by_chance():
    assert next(turns)

def test_by_right():
    assert True
"""


def test_every_distribution_is_run_and_each_plugin_of_the_bank_once() -> None:
    chosen = flaky.plugins([])
    assert {it.tests for it in chosen} >= {it.tests for it in bank.TARGETS.values()}
    assert len({it.tests for it in chosen}) == len(chosen)
    assert [it.name for it in flaky.plugins(["toy-hook"])] == ["toy-hook"]
    folders = {path.parent for path in bank.ROOT.glob("plugins_*/*/pyproject.toml")}
    assert folders <= {it.source.parent for it in chosen}
    assert all(it.tests for it in chosen)
    (apc,) = flaky.plugins(["_apc/"])
    assert {test.rpartition("::")[2] for test in apc.tests} == {"TestMenus", "TestCommandLine", "TestRpdu"}


def test_a_check_that_fails_now_and_then_is_told_and_the_others_are_counted(tmp_path: Path) -> None:
    (tmp_path / "kit_chance.py").write_text(CHANCE)
    target = bank.Target("chance", tmp_path, "kit_chance.py", ("kit_chance.py",), is_toy=True)
    tally = flaky.again(target, 3, order=1)
    assert tally.passed == 5
    (failed,) = tally.failed
    assert failed.startswith("test_by_chance[")
    assert flaky.report([tally], 3, 1).startswith("1 of 6 checks failed, each made 3 times")


def test_a_kit_that_cannot_be_run_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "kit_chance.py").write_text("import nowhere")
    target = bank.Target("chance", tmp_path, "kit_chance.py", ("kit_chance.py",), is_toy=True)
    (failed,) = flaky.again(target, 3, order=1).failed
    assert "nowhere" in failed
