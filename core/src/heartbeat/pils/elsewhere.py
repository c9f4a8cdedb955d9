"""Plugins that are installed, but not where this ``hb`` looks: other environments of the machine."""

import os
import site
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path


def other_folders() -> list[Path]:
    """Return folders of installed packages that the command search path and the environment speak of, without ours."""
    prefixes = [Path(os.environ[name]) for name in ("VIRTUAL_ENV", "CONDA_PREFIX") if os.environ.get(name)]
    prefixes += [Path(word).parent for word in os.environ.get("PATH", "").split(os.pathsep) if word.endswith("/bin")]
    prefixes += [Path(sys.base_prefix), Path("/usr"), Path("/usr/local")]
    found = [Path(site.getusersitepackages())]
    for prefix in prefixes:
        found += [*prefix.glob("lib/python3*/site-packages"), *prefix.glob("lib/python3*/dist-packages")]
    ours = {Path(word).resolve() for word in sys.path if word}
    real = dict.fromkeys(path.resolve() for path in found if path.is_dir())
    return [path for path in real if path not in ours]


def who_has(group: str, name: str) -> Iterator[tuple[Distribution, Path]]:
    """Yield distributions in other environments that announce a plugin, and the folder in which they lie.

    ``group`` may be empty: then any group of ours will do.
    """
    for folder in other_folders():
        for dist in distributions(path=[str(folder)]):
            for point in dist.entry_points:
                fits = point.group == group if group else point.group.startswith("heartbeat.")
                if fits and point.name == name:
                    yield dist, folder
