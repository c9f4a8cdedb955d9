"""Which plugins a node has, to the byte: written down, and compared with what another node has.

Nodes whose agents or devices differ are a classic source of takeovers that fail. A lock is plain text, one line for
each distribution: name, version, digest of its code, and the plugins that it announces.
"""

import hashlib
import importlib.util
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from heartbeat.pils.kinds import ABOUT_PLUGINS, PREFIX
from heartbeat.pils.validation.papers import normal

CORE = "heartbeat-core"


class BadLock(Exception):
    """A text is no lock; the message names the line."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One distribution."""

    distribution: str
    version: str
    digest: str
    """Hexadecimal SHA-256 over names and contents of its packages' files, wherever and however they are installed."""
    plugins: tuple[str, ...]
    """``kind:name``, sorted."""

    def __str__(self) -> str:
        return " ".join([self.distribution, self.version, f"sha256:{self.digest}", *self.plugins])


@dataclass(frozen=True, slots=True)
class Difference:
    """One distribution that is not here as it is there."""

    distribution: str
    text: str
    mend: str


def locked() -> list[Locked]:
    """Return core and every distribution here that announces plugins, sorted by name."""
    found: dict[str, Locked] = {}
    for dist in distributions():
        name = normal(str(dist.name or ""))
        plugins = tuple(sorted(_plugins(dist)))
        if name not in found and (plugins or name == CORE):  # the first on the path is the one that is imported
            found[name] = Locked(name, str(dist.version), digest_of(dist), plugins)
    return [found[name] for name in sorted(found)]


def lock_text(lines: Iterable[Locked]) -> str:
    return "".join(f"{line}\n" for line in ("# hb plugin lock 1", *lines))


def read_lock(text: str) -> list[Locked]:
    """Return what a lock says. Raises BadLock."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) < 3 or not words[2].startswith("sha256:"):
            raise BadLock(f"line {number}: expected DISTRIBUTION VERSION sha256:DIGEST KIND:NAME...")
        found.append(Locked(normal(words[0]), words[1], words[2].removeprefix("sha256:"), tuple(words[3:])))
    return found


def differences(there: Iterable[Locked], here: Iterable[Locked]) -> list[Difference]:
    """Return how this node differs from a lock, and what would make it equal."""
    ours, theirs = ({it.distribution: it for it in lines} for lines in (here, there))
    return [
        difference
        for name in sorted(ours.keys() | theirs.keys())
        if (difference := _compared(name, theirs.get(name), ours.get(name))) is not None
    ]


def _compared(name: str, there: Locked | None, here: Locked | None) -> Difference | None:
    if there is None:
        assert here is not None
        return Difference(name, f"{here.version} is here and not in the lock", f"pip uninstall {name}, or lock anew")
    wanted = f"pip install {name}=={there.version}"
    if here is None:
        brings = f" ({', '.join(there.plugins)})" if there.plugins else ""
        return Difference(name, f"{there.version} is in the lock and not here{brings}", wanted)
    if there.version != here.version:
        return Difference(name, f"{here.version} is here, {there.version} in the lock", wanted)
    if there.digest != here.digest:
        text = f"{here.version} is here and in the lock, and its files differ"
        return Difference(name, text, f"pip install --force-reinstall {name}=={there.version} on both")
    return None


def digest_of(dist: Distribution) -> str:
    """Return the digest of the packages that the distribution's entry points name, as they would be imported now."""
    whole = hashlib.sha256()
    for package in sorted({point.value.partition(":")[0].partition(".")[0].strip() for point in dist.entry_points}):
        for name, path in sorted(_files(package)):
            whole.update(f"{name}\0".encode())
            whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def _files(package: str) -> Iterator[tuple[str, Path]]:
    """Yield the files of a top-level package or module by their names in it. Locates it, imports nothing."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        yield f"{package} is missing", Path(os.devnull)
    elif spec.submodule_search_locations is None:
        yield package, Path(str(spec.origin))
    else:
        for folder in map(Path, spec.submodule_search_locations):
            for path in folder.rglob("*"):
                if path.is_file() and "__pycache__" not in path.parts:
                    yield str(Path(package) / path.relative_to(folder)), path


def _plugins(dist: Distribution) -> Iterator[str]:
    for point in dist.entry_points:
        if point.group.startswith(PREFIX) and point.group not in ABOUT_PLUGINS:
            yield f"{point.group.removeprefix(PREFIX)}:{point.name}"
