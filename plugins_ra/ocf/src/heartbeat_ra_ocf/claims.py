"""What an OCF resource must have for itself: of the types that hold an address, a device or a mount point."""

import ipaddress
from collections.abc import Mapping

from heartbeat.plugin import Claim

_CLAIMS: dict[str, tuple[tuple[str, str], ...]] = {
    "IPaddr": (("address", "ip"),),
    "IPaddr2": (("address", "ip"),),
    "IPv6addr": (("address", "ipv6addr"),),
    "Filesystem": (("device", "device"), ("mount", "directory")),
    "LVM": (("volume group", "volgrpname"),),
    "Raid1": (("device", "raiddev"),),
    "mdraid": (("device", "md_dev"),),
    "drbd": (("DRBD resource", "drbd_resource"),),
    "sfex": (("device", "device"),),
}
"""Type to what its parameters claim. LVM-activate is left out: two of its resources may share a volume group."""

_NO_DEVICE = frozenset({"none", "overlay", "tmpfs", "auto", "proc", "sysfs"})


def claimed(name: str, parameters: Mapping[str, str]) -> tuple[Claim, ...]:
    """Return the claims of a resource of this type."""
    found = []
    for kind, parameter in _CLAIMS.get(name, ()):
        value = _canonical(kind, parameters.get(parameter, ""))
        if value:
            found.append(Claim(kind, value))
    return tuple(found)


def _canonical(kind: str, value: str) -> str:
    match kind:
        case "address":
            try:
                return str(ipaddress.ip_address(value.partition("/")[0].strip("[]")))
            except ValueError:
                return ""
        case "mount":
            return value.rstrip("/") or ("/" if value else "")
        case "device":
            return "" if value in _NO_DEVICE else value
    return value
