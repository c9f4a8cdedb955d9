"""The stopwatch measures steps that bring a new beat, each once, in a cluster that is at rest."""

from heartbeat.sim.stopwatch import KEEPALIVE_S, beat_steps


def test_each_new_beat_is_measured_at_each_other_node() -> None:
    seconds = 2.0
    took_s = beat_steps(3, seconds)
    beats = round(seconds / KEEPALIVE_S)
    assert 3 * 2 * (beats - 1) <= len(took_s) <= 3 * 2 * (beats + 1)
    assert all(took > 0 for took in took_s)
