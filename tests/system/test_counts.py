"""A night's counts in parts: nothing is left out, nothing is done twice, and a share says what it is."""

import itertools

import pytest

from tests.system.counts import PARTS, Rounds, parts


@pytest.mark.parametrize("count", [1, 13, 20, 50, 1000])
def test_all_parts_together_are_the_whole_night(count: int) -> None:
    numbers = [Rounds(part)(3, count) for part in parts("100")]
    assert list(itertools.chain(*numbers)) == list(range(count))


def test_without_a_percentage_it_is_the_short_form() -> None:
    (part,) = parts(None)
    assert list(Rounds(part)(3, 1000)) == [0, 1, 2]


@pytest.mark.parametrize(("percent", "count"), [("1", 1), ("5", 1), ("6", 2), ("50", PARTS // 2), ("100", PARTS)])
def test_a_share_is_at_least_what_was_asked_for(percent: str, count: int) -> None:
    assert len(parts(percent)) == count


@pytest.mark.parametrize("percent", ["0", "101", "much", "-5"])
def test_what_is_no_percentage_is_refused(percent: str) -> None:
    with pytest.raises(ValueError, match="1 to 100"):
        parts(percent)


def test_each_part_draws_its_own_moments_and_draws_them_again() -> None:
    drawn = [Rounds(part).chance(11).random() for part in (None, 0, 1, 0)]
    assert len(set(drawn)) == 3
    assert drawn[1] == drawn[3]
