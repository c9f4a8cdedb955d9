"""What the programs of ``hb bench messaging`` wrote becomes figures: a rate is the slowest one's, an age the median."""

from heartbeat.lab.bench_messages import FIGURES, rated

RATE = next(figure for figure in FIGURES if figure.name == "rate-2")
BYTES = next(figure for figure in FIGURES if figure.name == "bytes-2")
SPARSE = next(figure for figure in FIGURES if figure.name == "sparse")


def test_the_slowest_program_says_how_fast_all_are() -> None:
    result = rated(RATE, [{"messages": 600_000, "seconds": 5.0}, {"messages": 500_000, "seconds": 4.0}])
    assert (result.value, result.reached) == (120_000, True)


def test_a_rate_below_its_target_is_missed() -> None:
    assert not rated(RATE, [{"messages": 99_999, "seconds": 1.0}]).reached


def test_bytes_are_shown_in_megabytes() -> None:
    result = rated(BYTES, [{"messages": 61_000, "seconds": 1.0}])
    assert (round(result.value), result.unit, result.reached) == (61, "MB/s", True)


def test_the_age_in_the_middle_counts_and_late_is_worse() -> None:
    good = rated(SPARSE, [{"ages": []}, {"ages": [0.0001, 0.0002, 0.5]}])
    assert (round(good.value, 3), good.reached) == (0.2, True)
    assert not rated(SPARSE, [{"ages": [0.0004]}]).reached
