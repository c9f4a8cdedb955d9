"""The contract of a catalogue: it finds types on this host as if each were a plugin."""

import abc
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.param import Param


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One type found on this host."""

    kind: str
    """Kind of plugin it stands for: ``ra``, ``stonith``."""
    name: str
    """The word an administrator writes: ``apache``, ``ocf:heartbeat:Filesystem``."""
    driver: str
    """Entry point of that kind which runs it: ``haresource``, ``ocf``."""
    params: dict[str, str]
    """What the driver needs to know which type it is, unparsed: ``{"script": "/etc/init.d/apache2"}``."""
    origin: str
    """Where it was found, for people: a path."""
    rank: int = 100
    """Order of search among catalogues: resource.d is 10, init.d 20, OCF 30."""


@dataclass(frozen=True, slots=True)
class TypeDescription:
    """What one type says about itself, as far as it can."""

    title: str = ""
    text: str = ""
    """Some paragraphs, for people."""
    params: tuple[Param, ...] = ()
    timeouts_s: Mapping[str, float] = field(default_factory=dict)
    """The time that it advises for each of its actions."""
    positional: tuple[str, ...] = ()
    """Names of parameters in the order of the old one-line form, where it has one."""
    extra_params: bool = False
    """True when it takes parameters beyond those that it tells of."""

    def given(self, words: Sequence[str]) -> dict[str, str]:
        """Return the words of a line by parameter, in their old order; the last one takes the rest of the line."""
        names = self.positional
        texts = [*words[: len(names) - 1], " ".join(words[len(names) - 1 :])] if len(words) > len(names) else words
        return dict(zip(names, texts, strict=False))


def unfit(path: Path, what: str) -> str:
    """Return why a file that was found cannot be run; empty when it can. ``what``: ``script``, ``agent``.

    One that others may write is refused, as by cluster-glue: it would be run as root.
    """
    try:
        mode = path.stat().st_mode
    except OSError as wrong:
        return f"there is no {what} {path} ({wrong.strerror})"
    if not stat.S_ISREG(mode):
        return f"{path} is no file"
    if not mode & 0o100:
        return f"{path} is not executable"
    return f"{path} may be written by others than its owner: chmod go-w {path}" if mode & 0o022 else ""


class Catalogue(Plugin, abc.ABC):
    """Lists and finds types on this host. Reads directories; never runs what it finds unless asked to describe."""

    config: Path = Path("/etc/ha.d")
    """The node's configuration directory, in which types may lie; the registry sets it before it asks anything."""

    @abc.abstractmethod
    def entries(self) -> list[CatalogueEntry]:
        """Return everything found, sorted by name."""

    @abc.abstractmethod
    def find(self, name: str) -> CatalogueEntry | None:
        """Return the entry for a word of the configuration, without reading whole directories where possible."""

    def words(self, entry: CatalogueEntry, words: Sequence[str]) -> dict[str, str]:
        """Return the driver's unparsed parameters for ``name::word::word``."""
        return dict(entry.params)

    def describe(self, entry: CatalogueEntry) -> tuple[Param, ...]:
        """Return the parameters of the type itself, when it can tell (OCF meta-data)."""
        return ()

    def about(self, entry: CatalogueEntry) -> TypeDescription:
        """Return all that the type says about itself. Raises PluginError when it was asked and could not answer."""
        return TypeDescription(params=self.describe(entry))


def class_of_type(driver: type[Plugin], entry: CatalogueEntry, about: TypeDescription) -> type[Plugin]:
    """Return the driver's class as one type has it: the type's own parameters declared behind the driver's.

    It serves to check and to explain what somebody wrote. The work is done by the driver, which gets the same
    parameters unparsed.
    """
    taken = {name for param in driver.params for name in (param.name, *param.aliases)}
    own = tuple(param for param in about.params if param.name not in taken)
    told = {
        "__doc__": about.text or driver.__doc__,
        "__module__": driver.__module__,
        "title": about.title or entry.name,
        "params": (*driver.params, *own),
        "positional": about.positional,
        "extra_params": about.extra_params,
    }
    return type(driver.__name__, (driver,), told)
