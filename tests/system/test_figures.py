"""The figures of the system tests are read from the wire: what counts as a takeover, and from when."""

from heartbeat.lab.promises import Answer
from heartbeat.lab.record import Event

from tests.system.figures import Figures, measure, quantile, table


def answers(node: str, begin_s: float, end_s: float) -> list[Answer]:
    count = round((end_s - begin_s) / 0.01) + 1
    return [Answer(begin_s + 0.01 * n, "arp", "192.0.2.10", node, round(100 * begin_s) + n) for n in range(count)]


def rounded(values: tuple[float, ...]) -> list[float]:
    return [round(value, 3) for value in values]


def test_silence_and_takeover_count_from_the_freeze_not_from_the_power_cut_that_followed() -> None:
    events = [Event(5.0, "freeze", ("node1",)), Event(6.1, "off", ("node1",))]
    figures = measure(events, [*answers("node1", 0.0, 5.8), *answers("node2", 6.3, 9.0)])
    assert rounded(figures.silence_s) == [0.8]
    assert rounded(figures.takeover_s) == [1.3]
    assert figures.troubles == 2


def test_a_crash_has_a_takeover_and_no_silence_worth_a_figure() -> None:
    figures = measure([Event(5.0, "off", ("node1",))], [*answers("node1", 0.0, 4.99), *answers("node2", 6.2, 9.0)])
    assert figures.silence_s == ()
    assert rounded(figures.takeover_s) == [1.2]


def test_a_planned_move_and_a_trouble_elsewhere_are_no_takeover() -> None:
    seen = [*answers("node1", 0.0, 5.0), *answers("node2", 5.1, 9.0)]
    assert measure([], seen) == Figures(0, (), ())
    assert measure([Event(4.9, "freeze", ("node2",))], seen) == Figures(1, (), ())


def test_what_happened_to_a_node_before_it_had_the_address_is_not_what_ended_its_time() -> None:
    seen = [*answers("node2", 0.0, 4.0), *answers("node1", 4.1, 6.0), *answers("node2", 6.1, 9.0)]
    assert measure([Event(2.0, "freeze", ("node1",))], seen) == Figures(1, (), ())
    assert rounded(measure([Event(5.5, "freeze", ("node1",))], seen).silence_s) == [0.5]


def test_who_was_woken_and_went_on_was_not_silenced_by_having_stood_still() -> None:
    seen = [*answers("node1", 0.0, 6.0), *answers("node2", 6.1, 9.0)]
    events = [Event(5.0, "freeze", ("node1",)), Event(5.5, "thaw", ("node1",))]
    assert measure(events, seen) == Figures(1, (), ())
    assert rounded(measure([*events, Event(5.8, "freeze", ("node1",))], seen).silence_s) == [0.2]
    shot = [Event(5.0, "freeze", ("node1",)), Event(5.2, "off", ("node1",)), Event(5.3, "boot", ("node1",))]
    assert measure(shot, seen) == Figures(2, (), ())


def test_two_holders_in_a_cut_are_no_takeover() -> None:
    both = sorted([*answers("node1", 0.0, 9.0), *answers("node2", 6.0, 9.0)], key=lambda answer: answer.at_s)
    assert measure([Event(5.0, "freeze", ("node1",))], both).takeover_s == ()


def test_a_kill_and_a_waking_are_troubles_that_silence_nobody() -> None:
    seen = [*answers("node1", 0.0, 5.0), *answers("node2", 5.1, 9.0)]
    for event in (Event(4.9, "kill", ("node1", "executor")), Event(4.9, "signal", ("node1", "CONT", "hb-daemon"))):
        assert measure([event], seen) == Figures(1, (), ())


def test_quantiles_are_values_that_were_seen() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [quantile(values, share) for share in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert quantile([7.0], 0.5) == 7.0


def test_the_table_adds_the_runs_of_a_test_up() -> None:
    rows = {"hold: frozen": [(True, Figures(2, (0.8,), (1.3,))), (False, Figures(3, (0.7,), ()))], "idle": []}
    lines = table(rows).splitlines()
    assert lines[2] == "| hold: frozen | 2 | 1 | 5 | 1 | 700 / 800 / 800 | 1300 / 1300 |"
    assert lines[3] == "| idle | 0 | 0 | 0 | 0 | - | - |"
