"""Debian's packages: which are missing, and installing them when we are root."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

SBIN = "/usr/local/sbin:/usr/sbin:/sbin"
"""An ordinary user's PATH on Debian lacks these, yet ``ip`` and ``nft`` live there."""
LOCK_WAIT_S = 120
"""How long apt-get waits for another package manager: unattended upgrades hold the lock for a minute or so."""


class Package(NamedTuple):
    """One line of ``setup/debian-packages``."""

    name: str
    probe: str
    wanted_for: str
    """``setup``, ``demo`` or ``test``."""
    why: str

    def is_there(self) -> bool:
        """Look for the part itself, not for the package: on other systems it has another name."""
        if self.probe.startswith("python:"):
            return importlib.util.find_spec(self.probe[len("python:") :]) is not None
        if self.probe.startswith("/"):
            return Path(self.probe).exists()
        return shutil.which(self.probe, path=os.environ.get("PATH", "") + ":" + SBIN) is not None


def read_packages(path: Path) -> list[Package]:
    """Return the list; raises ValueError with the line that is not ``PACKAGE PROBE FOR WHY``."""
    packages = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split(None, 3)
        if len(words) != 4 or words[2] not in ("setup", "demo", "test"):
            raise ValueError(f"{path}:{number}: expected PACKAGE PROBE setup|demo|test WHY")
        packages.append(Package(*words))
    return packages


def missing(packages: list[Package], purpose: str) -> list[Package]:
    """Return what is not there of what the purpose needs; ``test`` needs everything."""
    needed = {"demo": ("setup", "demo"), "test": ("setup", "demo", "test")}[purpose]
    return [package for package in packages if package.wanted_for in needed and not package.is_there()]


def can_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: list[Package]) -> tuple[bool, str]:
    """Install by apt-get, nothing recommended, no questions; return whether it worked and what was printed."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    apt = ["apt-get", "-q", "-y", "-o", f"DPkg::Lock::Timeout={LOCK_WAIT_S}"]
    printed = ""
    for words in (["update"], ["install", "--no-install-recommends", *(package.name for package in packages)]):
        done = subprocess.run(
            [*apt, *words],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        printed += done.stdout
    importlib.invalidate_caches()
    return done.returncode == 0, printed
