"""Durations are read as heartbeat read them and shown as a person says them."""

import contextlib

import pytest
from heartbeat.model.duration import parse_duration, show_duration
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("2.", 2.0),
        ("200ms", 0.2),
        ("500us", 0.0005),
        ("2s", 2.0),
        ("2 sec", 2.0),
        ("10min", 600.0),
        ("1m", 60.0),
        ("1h", 3600.0),
        ("1 HR", 3600.0),
        ("  7 ms\t", 0.007),
    ],
)
def test_a_number_counts_seconds_and_a_unit_says_otherwise(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "s", "-1", "1 2", "1d", "1e3", "0x10", "ten", "1ms2", "1.2.3", "\u0663", "1\u017f", "1\n\n2"]
)
def test_what_is_no_duration_is_refused_with_the_units_that_there_are(text: str) -> None:
    with pytest.raises(ValueError, match="optional unit us, ms, s, min or h"):
        parse_duration(text)


@given(st.text())
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_duration(text) >= 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 us"),
        (0.00085, "850 us"),
        (0.012, "12 ms"),
        (0.9994, "999 ms"),
        (1.0, "1 s"),
        (1.26, "1.26 s"),
        (12.34, "12.3 s"),
        (60.0, "1 min 0 s"),
        (250.0, "4 min 10 s"),
        (3600.0, "1 h 0 min"),
        (11100.0, "3 h 5 min"),
        (90000.0, "1 d 1 h"),
        (-0.25, "-250 ms"),
    ],
)
def test_a_person_gets_two_units_at_most(seconds: float, text: str) -> None:
    assert show_duration(seconds) == text


@pytest.mark.parametrize("edge", [0.001, 1.0, 60.0, 3600.0, 86400.0])
@pytest.mark.parametrize("off", [-1e-9, -1e-4, 0.0, 1e-9])
def test_rounding_never_shows_a_full_smaller_unit(edge: float, off: float) -> None:
    shown = show_duration(edge * (1 + off))
    assert shown not in {"1000 us", "1000 ms", "60 s", "60 min 0 s", "24 h 0 min"}, shown


@given(st.floats(0, 1e9))
def test_what_is_shown_is_never_empty_and_has_a_unit(seconds: float) -> None:
    assert show_duration(seconds).split()[-1] in {"us", "ms", "s", "min", "h"}
