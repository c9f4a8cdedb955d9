"""The conformance tests of a tie-breaker: the right to go on is given to one half at most."""

from heartbeat.testing.quorum_contract import ALL, HERE, PATIENCE_S, THERE
from heartbeat.testing.quorum_faults import QuorumFaults

__all__ = ["ALL", "HERE", "PATIENCE_S", "THERE", "QuorumConformance"]


class QuorumConformance(QuorumFaults):
    """Subclass it, give ``plugin`` and ``given``: all calls of it in a test must reach the same tie-breaker, fresh at
    the beginning of the test.

    ``unreachable`` are unparsed parameters with which nobody can be asked; ``restart`` and ``stalled`` do to whoever
    decides what their names say; ``other_cluster`` names a second cluster that it serves. What is not given is skipped.
    One that never grants says so (``grants = False``), and the tests of grants are skipped.
    """
