"""A suspended machine shows in one clock and not in the other."""

from heartbeat.daemon.suspension import Suspension


class Machine:
    """Two clocks: ``run`` moves both, ``suspend`` the one that counts suspended time."""

    def __init__(self) -> None:
        self.monotonic_s, self.boottime_s = 100.0, 175.0
        self.suspension = Suspension(lambda: self.monotonic_s, lambda: self.boottime_s)

    def run(self, seconds: float) -> None:
        self.monotonic_s += seconds
        self.boottime_s += seconds

    def suspend(self, seconds: float) -> None:
        self.boottime_s += seconds


def test_time_that_passes_is_no_suspension() -> None:
    machine = Machine()
    for seconds in (0.0, 0.2, 3600.0):
        machine.run(seconds)
        assert machine.suspension.slept() == 0.0


def test_a_suspension_is_told_once_with_its_length() -> None:
    machine = Machine()
    machine.run(5.0)
    machine.suspend(30.0)
    assert round(machine.suspension.slept(), 6) == 30.0
    assert machine.suspension.slept() == 0.0


def test_what_the_two_readings_take_does_not_add_up_to_one() -> None:
    machine = Machine()
    for _ in range(100):
        machine.suspend(0.0005)
        assert machine.suspension.slept() == 0.0


def test_the_clocks_of_this_machine_agree_while_it_runs() -> None:
    suspension = Suspension()
    assert [suspension.slept() for _ in range(1000)] == [0.0] * 1000
