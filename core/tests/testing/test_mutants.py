"""The kit catches seeded faults: a sample here, the whole bank with ``make mutants``."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "mutants"))

import bank
import run

WHOLE = bank.mutants()
SURVIVORS = run.reasons()
KNOWN = [it for it in WHOLE if f"{it.target.name}: {it.name}" not in SURVIVORS]
QUICK = (
    "toy-hook", "toy-catalogue", "toy-quorum", "heartbeat_auth_crc/__init__.py", "heartbeat_stonith_null/__init__.py",
)  # fmt: skip
SAMPLE = [next(it for it in KNOWN if it.target.name == name) for name in QUICK] + KNOWN[3::60]


def test_the_bank_is_large_enough_and_covers_every_kind() -> None:
    assert len(WHOLE) >= 120
    names = " ".join(it.target.name for it in WHOLE)
    for part in ("stonith", "auth", "comm", "ra_", "hook", "catalogue", "quorum", "serial", "telnet"):
        assert part in names
    assert len({(it.target.name, it.name) for it in WHOLE}) == len(WHOLE)


def test_no_seeded_fault_is_stale() -> None:
    """Each text is in its file exactly once, and the change is still Python."""
    for it in WHOLE:
        text = (it.target.source / it.target.file).read_text()
        assert text.count(it.old) == 1, f"{it.target.name}: {it.name}"
        compile(text.replace(it.old, it.new), it.name, "exec")


def test_every_survivor_is_in_the_bank_and_there_are_no_more_than_the_ratchet_allows() -> None:
    assert SURVIVORS.keys() <= {f"{it.target.name}: {it.name}" for it in WHOLE}
    assert len(SURVIVORS) <= (1 - run.WANTED) * len(WHOLE)


@pytest.mark.parametrize("mutant", SAMPLE, ids=lambda it: f"{it.target.name}: {it.name}")
def test_a_seeded_fault_is_caught(mutant: bank.Mutant) -> None:
    assert run.judge(mutant).is_caught


@pytest.mark.parametrize("name", ["hook", "catalogue", "quorum"])
def test_the_plugin_without_the_fault_passes(name: str) -> None:
    verdict = run.judge(bank.Mutant(bank.TARGETS[name], "as it is", "", ""))
    assert not verdict.is_caught, verdict.by
