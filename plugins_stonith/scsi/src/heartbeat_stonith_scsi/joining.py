"""Registering this node's key, once in each of its boots: a node that was cut off comes back by booting, and not else.

What a cut node had under way when it was cut may still lie in its memory. If it registered anew it would write that.
"""

from pathlib import Path

from heartbeat.plugin import PluginError, ResetFailed

from heartbeat_stonith_scsi.key import key_of
from heartbeat_stonith_scsi.persist import Persist

MARKS = Path("/run/heartbeat-scsi")
"""Gone with every boot: /run lies in memory (Filesystem Hierarchy Standard 3.0, 3.15)."""


def join(disks: list[Persist], node: str, *, marks: Path = MARKS, outlives_power_loss: bool = False) -> None:
    """Register on every disk, and reserve each that is not. Raises PluginError; then this node must not take part."""
    key = key_of(node)
    for disk in disks:
        mark = marks / disk.path.strip("/").replace("/", "_")
        is_there = key in disk.registered()
        if mark.exists() and not is_there:
            raise ResetFailed(f"{disk.path}: {node} registered in this boot and has been cut off since: boot it anew")
        if not is_there:
            disk.register(key, outlives_power_loss=outlives_power_loss)
        marks.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark.touch(mode=0o600)
        if key not in disk.registered():
            raise ResetFailed(f"{disk.path}: the key of {node} was taken and is not there")
        _reserve(disk, key)


def leave(disks: list[Persist], node: str, *, marks: Path = MARKS) -> None:
    """Take this node's key from every disk; it may join again in this boot. Only what writes nothing may do so."""
    for disk in disks:
        if key_of(node) in disk.registered():
            disk.unregister(key_of(node))
        (marks / disk.path.strip("/").replace("/", "_")).unlink(missing_ok=True)


def _reserve(disk: Persist, key: int) -> None:
    """Another node may be doing the same: only what is there in the end counts."""
    if disk.reservation() is None:
        try:
            disk.reserve(key)
        except PluginError:
            if disk.reservation() is None:
                raise
    held = disk.reservation()
    if held is None or not held.keeps_strangers_out:
        told = held.type_name if held else "none"
        raise ResetFailed(f"{disk.path}: the reservation there is {told!r}, and not one of registrants only")
