"""What an OCF agent finds in its environment, and nothing else: no variable of another resource, none of ours."""

import contextlib
import os
import re
import zlib
from collections.abc import Mapping
from pathlib import Path

from heartbeat_ra_ocf.kind import OcfType

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

VERSION = ("1", "1")
"""The version of the resource agent API that this runner speaks."""

REASON = "ocf-exit-reason:"
"""A line on stderr that begins so is the reason of a failure, for people (OCF_EXIT_REASON_PREFIX)."""

MONITOR_INTERVAL_MS = 10_000
"""Told to a monitor that is no probe. Agents only ask whether it is ``0``, which would make a probe of it."""

RSCTMP = Path("/run/resource-agents")
"""Where agents keep state until the next boot; resource-agents makes it through tmpfiles.d."""

_PASSED_ON = ("HB_CONFIG", "HB_STATE", "HB_RUN_DIR")


def instance_of(resource: str) -> str:
    """Return a resource's name as OCF_RESOURCE_INSTANCE: agents build file names of it, so no slashes, no colons."""
    plain = re.sub(r"[^A-Za-z0-9.-]+", "_", resource).strip("_.")
    return plain if plain == resource else f"{plain[:64]}-{zlib.crc32(resource.encode()):08x}"


def bare_environment(kind: OcfType) -> dict[str, str]:
    """Return what every action needs, also ``meta-data``."""
    return {
        "PATH": PATH,
        "HOME": "/root",
        "LANG": "C",
        "LC_ALL": "C",
        "OCF_ROOT": str(kind.root),
        "OCF_RA_VERSION_MAJOR": VERSION[0],
        "OCF_RA_VERSION_MINOR": VERSION[1],
        "OCF_RESOURCE_TYPE": kind.name,
        "OCF_RESOURCE_PROVIDER": kind.provider,
        "OCF_EXIT_REASON_PREFIX": REASON,
        "HA_RSCTMP": str(RSCTMP),
        "HA_SBIN_DIR": "/usr/sbin",
        "HA_debug": "0",
    }


def environment_of(
    kind: OcfType, resource: str, parameters: Mapping[str, str], action: str, *, is_probe: bool, left_s: float
) -> dict[str, str]:
    """Return the environment of one action. ``left_s``: seconds until the operation's deadline.

    Agents derive their own deadlines from the time-out (Filesystem, apache, mysql ...), so it is always given.
    """
    node = os.uname().nodename
    environment = {
        **bare_environment(kind),
        **{name: value for name, value in os.environ.items() if name.startswith("HA_") or name in _PASSED_ON},
        "HA_CURHOST": node,
        "OCF_RESOURCE_INSTANCE": instance_of(resource or kind.name),
        "OCF_RESKEY_CRM_meta_name": action,
        "OCF_RESKEY_CRM_meta_timeout": str(max(1, int(left_s * 1000))),
        "OCF_RESKEY_CRM_meta_on_node": node,
        **{f"OCF_RESKEY_{name}": value for name, value in parameters.items()},
    }
    if action == "monitor":
        environment["OCF_RESKEY_CRM_meta_interval"] = "0" if is_probe else str(MONITOR_INTERVAL_MS)
        environment["OCF_CHECK_LEVEL"] = "0"
    if is_probe:
        environment["OCF_RESKEY_CRM_meta_op_target_rc"] = "7"
    if action == "validate-all":
        environment["OCF_CHECK_LEVEL"] = "10"  # 1.1: the parameters, and whether this host suits them
    return environment


def make_rsctmp(folder: Path = RSCTMP) -> None:
    """Make the agents' folder for state, as tmpfiles.d would have; where that is not allowed the agent says so."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o7777 == 0o755:
            folder.chmod(0o1755)
