"""What a classic script must have for itself: known for those that heartbeat and its resource agents brought."""

import ipaddress
from collections.abc import Sequence

from heartbeat.plugin import Claim


def claimed(name: str, words: Sequence[str]) -> tuple[Claim, ...]:
    """Return the claims of ``name::word::word``; none for a script that we know nothing of.

    The forms are those of the scripts in resource.d of heartbeat 3 and resource-agents.
    """
    match name, *words:
        case (("IPaddr" | "IPaddr2" | "IPv6addr"), address, *_):
            return _address(address)
        case "Filesystem", device, directory, *_:
            return (Claim("device", device), Claim("mount", directory.rstrip("/") or "/"))
        case "LVM", volume_group, *_:
            return (Claim("volume group", volume_group),)
        case "Raid1", _, device, *_:
            return (Claim("device", device),)
        case (("drbddisk" | "datadisk"), resource, *_):
            return (Claim("DRBD resource", resource),)
    return ()


def _address(word: str) -> tuple[Claim, ...]:
    """Take the address out of ``ADDRESS/MASK/INTERFACE/BROADCAST``, as other agents write it."""
    try:
        return (Claim("address", str(ipaddress.ip_address(word.partition("/")[0].strip("[]")))),)
    except ValueError:
        return ()
