"""The cluster of the benchmarks: two nodes or more, two media, the lab's fencing device, one virtual address."""

from pathlib import Path

import msgspec

ADDRESS = "10.10.10.11"
"""On the wire of the first medium."""


class Timing(msgspec.Struct, frozen=True):
    """Milliseconds, as in ha.cf."""

    keepalive_ms: int
    deadtime_ms: int

    def __str__(self) -> str:
        return f"{self.keepalive_ms} / {self.deadtime_ms} ms"

    @property
    def stall_s(self) -> float:
        """The stall of the machine from which on nobody could tell a death from it."""
        return (self.deadtime_ms - 2 * self.keepalive_ms) / 1000


CLASSIC = Timing(200, 1000)
FAST = Timing(60, 300)
FASTEST = Timing(20, 100)
TENTH = Timing(100, 1000)
"""Ten beats a second."""


def write_cluster(directory: Path, timing: Timing, nodes: int = 2) -> Path:
    """Write the three files; returns the directory."""
    names = [f"node{number}" for number in range(1, nodes + 1)]
    lines = [
        f"keepalive {timing.keepalive_ms}ms",
        f"warntime {timing.deadtime_ms * 7 // 10}ms",
        f"deadtime {timing.deadtime_ms}ms",
        "initdead 10",
        "auto_failback off",
        "mcast eth0 225.0.0.1 694 1 0",
        "bcast eth1",
        f"stonith_host * lab {','.join(names)}",
        f"node {' '.join(names)}",
    ]
    (directory / "ha.cf").write_text("\n".join(lines) + "\n")
    (directory / "haresources").write_text(f"node1 IPaddr2::{ADDRESS}/24/eth0\n")
    (directory / "authkeys").write_text("auth 1\n1 sha256 a-benchmark-needs-no-secret\n")
    (directory / "authkeys").chmod(0o600)
    return directory
