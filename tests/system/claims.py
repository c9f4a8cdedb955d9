"""Who said on the wire that it has an address, and when: caught by the client, below its kernel."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.system.cluster import Cluster

EAR = Path(__file__).with_name("ear.py")


class Claim(NamedTuple):
    """One ARP packet from an address, or one neighbour advertisement of it."""

    at_s: float
    node: str


class Claims:
    """What was caught so far."""

    def __init__(self, cluster: Cluster, log: Path) -> None:
        self._nodes, self._log = cluster.nodes, log

    @property
    def is_open(self) -> bool:
        return self._log.exists() and "listening" in self._log.read_text()

    def all(self) -> list[Claim]:
        """Return the claims of the cluster's nodes, oldest first."""
        lines = [line.split() for line in self._log.read_text().splitlines()[1:]]
        numbers = range(1, len(self._nodes) + 1)
        return [Claim(float(at_s), self._nodes[int(n) - 1]) for at_s, n in lines if int(n) in numbers]

    def nobody_but(self, holder: str, since_s: float) -> None:
        """Hold that since a moment only the holder claimed the address, and that both were heard at all."""
        claims = self.all()
        assert {claim.node for claim in claims} >= {*self._nodes}, "the ear is deaf"
        assert {claim.node for claim in claims if claim.at_s > since_s} == {holder}


@contextlib.contextmanager
def listening(cluster: Cluster, address: str) -> Iterator[Claims]:
    """Listen beside the first service address while the body runs; what was caught stays known afterwards."""
    log = cluster.lab.home / "ear.log"
    argv = [sys.executable, str(EAR), address, cluster.lab.plan.services[0].interface]
    number = cluster.lab.ask("spawn", node="client", argv=argv, log=str(log))["id"]
    claims = Claims(cluster, log)
    cluster.until(lambda: claims.is_open, "the client listens")
    try:
        yield claims
    finally:
        cluster.lab.ask("reap", id=number)
