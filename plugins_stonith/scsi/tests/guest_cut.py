"""Run inside a guest with a real SCSI target: node1 and node2 reach the same two disks by adapters of their own."""

import os
from collections.abc import Callable
from pathlib import Path

from heartbeat.plugin import PluginError, Power, parse_params
from heartbeat_stonith_scsi import Scsi
from heartbeat_stonith_scsi.joining import join, leave
from heartbeat_stonith_scsi.key import key_of
from heartbeat_stonith_scsi.persist import Persist

PATHS = {"node1": ["/dev/sda", "/dev/sdb"], "node2": ["/dev/sdc", "/dev/sdd"]}


def disks(node: str) -> list[Persist]:
    return [Persist(path, "sg_persist", 10.0) for path in PATHS[node]]


def device(node: str) -> Scsi:
    raw = {"disks": ",".join(PATHS[node]), "hostlist": "node1 node2", "node": node}
    params, problems = parse_params(Scsi.params, raw)
    assert not problems
    return Scsi(params)


def writes(path: str) -> bool:
    """Does the disk itself take what is written by this path?"""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_SYNC)
        try:
            os.write(fd, os.urandom(512))
        finally:
            os.close(fd)
    except OSError:
        return False
    return True


def told(what: Callable[[], object]) -> str:
    try:
        what()
    except PluginError as problem:
        return type(problem).__name__
    return "done"


def main() -> None:
    for node in reversed(PATHS):  # the first one holds the reservation
        join(disks(node), node, marks=Path("/run/marks") / node)
    print("hb: joined", [disk.registered() == [key_of("node2"), key_of("node1")] for disk in disks("node1")])
    print("hb: type", {held.type_name for disk in disks("node2") if (held := disk.reservation())})
    print("hb: before", [writes(path) for paths in PATHS.values() for path in paths])
    leave(disks("node1"), "node1", marks=Path("/run/marks/node1"))
    print("hb: without a key", [writes(path) for paths in PATHS.values() for path in paths])
    print("hb: holder", [held.holder == key_of("node2") for disk in disks("node2") if (held := disk.reservation())])
    print("hb: cut by one without a key", told(lambda: device("node1").switch("node2", Power.OFF)))
    join(disks("node1"), "node1", marks=Path("/run/marks/node1"))
    print("hb: again", [writes(path) for paths in PATHS.values() for path in paths])
    for disk in disks("node1"):
        disk.unregister(key_of("node1"))
    print("hb: rejoin in one boot", told(lambda: join(disks("node1"), "node1", marks=Path("/run/marks/node1"))))


main()
