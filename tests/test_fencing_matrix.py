"""docs/fencing-matrix.md is what the devices do now, and no device is ever believed that is wrong."""

import os

import pytest
from heartbeat.testing.stonith import StonithConformance

from tests.fencing_matrix import BELIEVED, PAGE, VERBS, head, judges, line, page, row, row_name

JUDGES = judges()
CHECKED = VERBS if os.environ.get("HB_LONG") else ("off",)
"""What every run makes anew: the verb that counts. All three with HB_LONG set, in some minutes of waiting."""
RENEW = "run python -m tests.fencing_matrix"


def section(verb: str) -> list[str]:
    """Return the lines of a verb's table in the page."""
    text = PAGE.read_text(encoding="utf-8").partition(f"## {verb}\n\n")[2].partition("\n\n")[0]
    return text.strip().splitlines()[2:]


@pytest.mark.parametrize("judge", JUDGES, ids=row_name)
@pytest.mark.parametrize("verb", CHECKED)
def test_a_device_does_what_the_page_says(judge: type[StonithConformance], verb: str) -> None:
    cells = row(judge, verb)
    assert BELIEVED not in cells, "a state that is not so was taken for true"
    assert line(row_name(judge), cells) in section(verb), RENEW


def test_every_device_has_a_row_for_each_verb_and_nothing_else_does() -> None:
    names = [row_name(judge) for judge in JUDGES]
    assert {"rps10 (Rps10Boxes)", "apcmastersnmp (ApcAgent)", "wti_nps (NpsSwitch)"} <= {*names}
    for verb in VERBS:
        assert [text.split(" | ")[0].removeprefix("| ") for text in section(verb)] == names, RENEW


def test_the_words_of_the_page_are_those_of_the_code() -> None:
    assert PAGE.read_text(encoding="utf-8") == page({verb: section(verb) for verb in VERBS}), RENEW
    assert PAGE.read_text(encoding="utf-8").count(head()[0]) == len(VERBS)
