"""How long others wait until a node's watchdog has reset it for certain: three numbers, and where each comes from."""

RATE = 1.01
"""Two clocks run apart by this at most; quartz that is off by 0.01 % would be a poor one."""
PROMISED_S = 0.5
"""So long a member may show its old view after it promised the next one: two rounds of a view change, a test says."""
VOTERS = 3
"""With fewer nodes none is in every quorum, and a watchdog proves nothing to the other."""


def promise_s(deadtime_s: float, keepalive_s: float, timeout_s: float) -> float:
    """Return how long after the last beat that a quorum showed a node's life ends, by its own clock, in seconds.

    What holds something may be fed for a deadtime after that beat; what holds nothing for one more, within which it
    could still be given something. The permission is taken within a keepalive. Feeding is a check and an act: what was
    stopped between the two acts within another time-out of the device, or is never heard of again. Then the last
    time-out runs.
    """
    return 2 * deadtime_s + keepalive_s + 2 * timeout_s


def wait_s(promise: float) -> float:
    """Return how long others wait for what was promised, from the installation of a view without that node."""
    return (promise + PROMISED_S) * RATE
