"""The simulator: one board, its controller on pyghmi's own server."""

from heartbeat.testing.device import Fault
from heartbeat.testing.ipmi_bmc import IpmiBmc
from heartbeat.testing.outlets import Outlets, OutletSimulator

HOST = "node1"
LOGIN, SECRET = "admin", "hunter2-hunter2"


class Board(OutletSimulator):
    """A host with a controller that does cipher suite 3."""

    faults = frozenset(IpmiBmc.FAULTS)
    hosts_max = 1

    def __init__(self, relays: Outlets | None = None) -> None:
        super().__init__(relays or Outlets([HOST]))
        self.bmc = IpmiBmc(LOGIN, SECRET, self.relays)

    def params(self) -> dict[str, str]:
        (host,), port = self.hosts(), str(self.bmc.port)
        return {"hostname": host, "ipaddr": "127.0.0.1", "port": port, "login": LOGIN, "password": SECRET}

    def hasty_params(self) -> dict[str, str]:
        return self.params() | {"timeout": "500ms"}

    def misbehave(self, fault: Fault) -> None:
        self.bmc.misbehave(fault)

    def abandoned(self) -> int:
        return self.bmc.abandoned()

    def close(self) -> None:
        self.bmc.close()
