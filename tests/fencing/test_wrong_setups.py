"""Every wrong set-up of the bank is found, most of them without touching any power; the table in the docs is theirs.

``HB_REGENERATE=1 pytest tests/fencing`` writes the table anew; read its diff.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.model.fence_codes import FENCE_CODES

from tests.fencing.ground import Ground, check
from tests.fencing.stage import cluster_on, rehearse
from tests.fencing.wrong_setups import BANK, WrongSetup

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fencing-check.md"
MARKS = ("<!-- wrong set-ups -->\n", "<!-- end of wrong set-ups -->")
FOUND_BY_CHECK = [name for name, one in BANK.items() if one.by == "check"]
FOUND_BY_REHEARSAL = [name for name, one in BANK.items() if one.by == "rehearsal"]


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    made = Ground(tmp_path)
    with made.stack:
        yield made


@pytest.mark.parametrize("name", FOUND_BY_CHECK)
def test_a_check_finds_it_and_no_order_leaves(ground: Ground, name: str) -> None:
    BANK[name].make(ground)
    found = check(ground)
    codes = {it.code for it in found}
    assert codes & BANK[name].codes, [f"{it.code} {it.message}" for it in found]
    assert ground.orders() == []


@pytest.mark.parametrize("name", FOUND_BY_REHEARSAL)
def test_a_check_cannot_find_it_and_a_rehearsal_does(ground: Ground, name: str) -> None:
    one = BANK[name]
    one.make(ground)
    assert {it.code for it in check(ground)} <= {"HB-F012"}, "then it would not need a rehearsal"
    assert ground.orders() == []
    world = cluster_on(ground)
    answer, code = rehearse(world, one.node)
    assert not answer.good
    assert code in one.codes, answer.text
    assert world.machines.violations == []


@pytest.mark.parametrize("name", FOUND_BY_REHEARSAL)
def test_outside_the_window_nobody_is_switched(ground: Ground, name: str) -> None:
    BANK[name].make(ground)
    world = cluster_on(ground)
    answer, _ = rehearse(world, BANK[name].node, window_s=5.0)
    assert "the window ends in 5 s" in answer.text
    assert ground.orders() == []


def test_what_is_right_is_found_right_by_both(ground: Ground) -> None:
    box = ground.box("apcmastersnmp")
    ground.write("apcmastersnmp", box.params())
    assert check(ground) == ()
    world = cluster_on(ground)
    answer, code = rehearse(world, "node2")
    assert (answer.good, code) == (True, ""), answer.text
    assert box.relays.journal == [(2, False), (2, True)], "one node, once, and nobody else"


def test_the_bank_is_as_large_as_it_is_said_to_be() -> None:
    assert len(BANK) >= 24
    assert len(FOUND_BY_CHECK) >= 20


def test_the_table_in_the_docs_is_that_of_the_bank() -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    assert end, f"{PAGE.name} has no marks around the table"
    wanted = before + MARKS[0] + _table() + MARKS[1] + after
    if os.environ.get("HB_REGENERATE"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert wanted == PAGE.read_text(encoding="utf-8"), "HB_REGENERATE=1 pytest tests/fencing"


def _table() -> str:
    by_check, by_rehearsal = len(FOUND_BY_CHECK), len(FOUND_BY_REHEARSAL)
    head = f"{len(BANK)} wrong set-ups: a check finds {by_check} of them, a rehearsal the other {by_rehearsal}.\n"
    rows = ["| wrong set-up | found by | as |", "|---|---|---|", *map(_row, BANK.values())]
    return head + "\n" + "\n".join(rows) + "\n"


def _row(one: WrongSetup) -> str:
    codes = ", ".join(f"[{code}](#{_anchor(code)})" for code in sorted(one.codes))
    return f"| {one.words} | {one.by} | {codes.replace('), [', ') or [')} |"


def _anchor(code: str) -> str:
    title = f"{code} {FENCE_CODES[code].title}".lower()
    return re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
