"""The simulator: disks with persistent reservations and the program that speaks to them, seen from several nodes."""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from heartbeat.testing.device import DeviceSimulator, Fault

from heartbeat_stonith_scsi import simulator_sg_persist
from heartbeat_stonith_scsi.key import key_of
from heartbeat_stonith_scsi.persist import Persist

SELF, HOSTS = "here", ("node1", "node2", "other")


class ScsiDisks(DeviceSimulator):
    """Two disks on which every node has joined. A host is on for as long as it can write to one of them."""

    faults = frozenset({
        Fault.UNREACHABLE, Fault.SILENT, Fault.CLOSES, Fault.GARBAGE, Fault.REFUSES_LOGIN, Fault.DENIES, Fault.LIES,
        Fault.TRICKLES, Fault.LATE, Fault.LOSES_ORDER, Fault.HANGS_UP, Fault.BREAKS_OFF, Fault.CUT_OFF, Fault.OFF_TOPIC,
    })  # fmt: skip

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hb-scsi-disks-"))
        self.names = ("disk0", "disk1")
        state = {
            "keys": {node: key_of(node) for node in (SELF, *HOSTS)},
            "generation": 4,
            "holder": HOSTS[0],
            "type": 5,
        }
        for name in self.names:
            (self.folder / f"{name}.json").write_text(json.dumps(state))
        self.program = self.folder / "sg_persist"
        self.program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -IS "{simulator_sg_persist.__file__}" "$@"\n')
        self.program.chmod(0o755)

    def paths(self, node: str) -> list[str]:
        """Return the disks as one node names them."""
        return [f"{self.folder}/{node}/{name}" for name in self.names]

    def disks(self, node: str) -> list[Persist]:
        """Return the disks as one node reaches them."""
        return [Persist(path, str(self.program), 10.0) for path in self.paths(node)]

    def disk(self, name: str) -> simulator_sg_persist.Disk:
        """Return the truth about one disk."""
        return simulator_sg_persist.Disk(json.loads((self.folder / f"{name}.json").read_text()))

    def orders(self) -> list[str]:
        """Return what was done, a line for each command."""
        file = self.folder / "orders"
        return file.read_text().splitlines() if file.exists() else []

    def params(self) -> dict[str, str]:
        return {
            "disks": ",".join(self.paths(SELF)), "hostlist": " ".join(HOSTS), "node": SELF, "timeout": "10",
            "sg_persist": str(self.program),
        }  # fmt: skip

    def hasty_params(self) -> dict[str, str]:
        return self.params() | {"timeout": "300ms"}

    def hosts(self) -> list[str]:
        return list(HOSTS)

    def is_on(self, host: str) -> bool:
        return any(self.disk(name).may_write(host) for name in self.names)

    def misbehave(self, fault: Fault) -> None:
        (self.folder / "fault").write_text(fault.name)

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
