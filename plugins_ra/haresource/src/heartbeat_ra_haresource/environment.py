"""What a script finds in its environment: what heartbeat 3 gave to its scripts, and nothing else of ours."""

import os
from collections.abc import Mapping
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_PASSED_ON = ("HB_CONFIG", "HB_STATE", "HB_RUN_DIR")
"""So that a script that calls `hb` reaches this node, also when several live on one machine."""


def environment_of(script: Path, ours: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return a script's environment. Variables named HA_ come first from our own: ``setenv`` of ha.cf.

    The names are those that ``/etc/ha.d/shellfuncs`` and the scripts that read it expect (heartbeat 3.0.6).
    """
    config = Path(ours.get("HB_CONFIG") or "/etc/ha.d")
    if script.parent.name == "resource.d":
        config = script.parent.parent
    return {
        "PATH": PATH,
        "HOME": "/root",
        "LANG": "C",
        "LC_ALL": "C",
        "HA_DIR": str(config),
        "HA_CF": str(config / "ha.cf"),
        "HA_RCDIR": str(config / "rc.d"),
        "HA_RESOURCEDIR": str(config / "resource.d"),
        "HA_FUNCS": str(config / "shellfuncs"),
        "HA_DATEFMT": "%Y/%m/%d_%T ",
        "HA_CURHOST": os.uname().nodename,
        "OCF_ROOT": "/usr/lib/ocf",
        **{name: value for name, value in ours.items() if name.startswith("HA_") or name in _PASSED_ON},
    }
