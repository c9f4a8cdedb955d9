"""The plugins of this host: found by metadata, loaded one by one when they are named."""

from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

from heartbeat.model.places import places
from heartbeat.pils.announcement import Announcement, announcements, installed
from heartbeat.pils.contract import api_notice, broken_rules, is_previous
from heartbeat.pils.driver import load_driver
from heartbeat.pils.failure import BrokenContract, CannotLoad, PluginLoadFailure, guarded, record
from heartbeat.pils.kinds import KINDS, KINDS_GROUP, KNOWN_GROUP, PREFIX
from heartbeat.pils.known import KnownPackages
from heartbeat.pils.patience import TookTooLong
from heartbeat.pils.selection import LeftOut, Selection, selection_of
from heartbeat.plugin.catalogue import Catalogue, CatalogueEntry
from heartbeat.plugin.errors import NotInstalled, PluginError
from heartbeat.plugin.kind import Kind, Plugin


class Ambiguous(PluginError):
    """Several distributions announce one name; never is one of them taken silently."""


class PluginRegistry:
    """Implements ``heartbeat.plugin.Registry``. One object serves a process; every class is imported once.

    ``points`` are the entry points to know (default: the installed ones). ``config`` is the node's configuration
    directory, in which catalogues find scripts (default: HB_CONFIG, else /etc/ha.d).
    """

    def __init__(
        self,
        points: Iterable[EntryPoint] | None = None,
        selection: Selection | None = None,
        config: Path | None = None,
    ) -> None:
        self._config = places().config if config is None else config
        self._points = installed() if points is None else tuple(points)
        self._selection = selection_of() if selection is None else selection
        self._announced = announcements(self._points)
        self._known = KnownPackages([point for point in self._points if point.group == KNOWN_GROUP])
        self._loaded: dict[tuple[str, str], type[Plugin]] = {}
        self._hanging: dict[tuple[str, str], CannotLoad] = {}
        self._kinds: dict[str, Kind] = {}
        self._catalogues: list[Catalogue] | None = None
        self.failures: list[PluginLoadFailure] = []
        """What could not be loaded so far, once each, in the order of trying."""
        self.notices: list[str] = []
        """What the administrator should know about plugins that did load."""

    # What is there: metadata only

    def kinds(self) -> list[str]:
        """Return the names of all kinds: core's own in their order, then those announced by vendors."""
        theirs = {point.name for point in self._points if point.group == KINDS_GROUP} - KINDS.keys()
        return [*KINDS, *sorted(theirs)]

    def names(self, kind: str) -> list[str]:
        """Return the names announced for a kind, sorted. Imports nothing."""
        return sorted({announced.name for announced in self._announced if announced.kind == kind})

    def announced(self, kind: str = "") -> list[Announcement]:
        """Return every announcement of a kind, or of all kinds in their order, also of names announced twice."""
        return [it for name in ([kind] if kind else self.kinds()) for it in self._announced if it.kind == name]

    def is_shadowed(self, announced: Announcement) -> bool:
        """Is the name announced by another distribution too, so that it is refused unless chosen in full?"""
        return bool(self.rivals(announced))

    def rivals(self, announced: Announcement) -> list[Announcement]:
        """Return who else announces the name."""
        namesakes = [it for it in self._announced if (it.kind, it.name) == (announced.kind, announced.name)]
        return [it for it in namesakes if it.full_name != announced.full_name]

    def allows(self, announced: Announcement) -> bool:
        """Does HB_PLUGINS let it load?"""
        return self._selection.allows(announced)

    def package_for(self, kind: str, name: str) -> str | None:
        """Return the distribution that is known to bring a plugin that is not installed."""
        return self._known.package_for(kind, name)

    # Loading

    def load(self, kind: str, name: str) -> type[Plugin]:
        """Import and return one plugin's class; ``name`` may be ``distribution:name``.

        Raises LookupError when no installed distribution announces it, and PluginError when it is announced but
        cannot be loaded (CannotLoad, with the record), by several (Ambiguous) or left out by HB_PLUGINS (LeftOut).
        """
        return self.load_announced(self.find(kind, name))

    def find(self, kind: str, name: str) -> Announcement:
        """Return the one announcement that a word means; raises like ``load``, and imports nothing."""
        found = [it for it in self._announced if it.kind == kind and name in (it.name, it.full_name)]
        allowed = [it for it in found if self.allows(it)]
        if not found:
            package = self.package_for(kind, name)
            mend = f"; `pip install {package}` brings it" if package else ""
            raise LookupError(f"no installed plugin is called {kind}:{name}{mend}")
        if not allowed:
            raise LeftOut(f"{kind}:{name} of {found[0].origin} is installed, but HB_PLUGINS does not name it")
        if len(allowed) > 1:
            who = " and ".join(it.origin for it in allowed)
            raise Ambiguous(
                f"{kind}:{name} is announced by {who}: write {allowed[0].full_name} to choose one, or remove the other"
            )
        return allowed[0]

    def load_announced(self, announced: Announcement) -> type[Plugin]:
        """Import and judge one announced plugin; raises CannotLoad and keeps the record.

        A failure is tried again by the next call, but for one that took all the time it was given.
        """
        key = (announced.kind, announced.full_name)
        if key in self._hanging:
            raise self._hanging[key]
        if key not in self._loaded:
            if extra := announced.missing_extra:
                raise NotInstalled(f"{announced.kind}:{announced.name} needs more: `pip install '{extra}'`")
            try:
                self._loaded[key] = guarded(announced, lambda: self._import(announced))
            except CannotLoad as problem:
                self._keep(problem.failure)
                if isinstance(problem.__cause__, TookTooLong):
                    self._hanging[key] = problem
                raise
            notice = api_notice(self._loaded[key].api, self.kind(announced.kind).api)
            self.notices += [f"{announced.kind}:{announced.name} of {announced.origin}: {notice}"] if notice else []
        return self._loaded[key]

    def _import(self, announced: Announcement) -> type[Plugin]:
        kind = self.kind(announced.kind)
        plugin = load_driver(announced.entry_point)
        broken = broken_rules(kind, plugin)
        if broken:
            raise BrokenContract("; ".join(broken))
        assert isinstance(plugin, type)
        assert issubclass(plugin, Plugin)
        return kind.adapt(plugin) if kind.adapt is not None and is_previous(kind, plugin) else plugin

    def kind(self, name: str) -> Kind:
        """Return a kind; a vendor's is imported. Raises LookupError or PluginError."""
        if name in KINDS:
            return KINDS[name]
        if name not in self._kinds:
            points = [point for point in self._points if point.group == KINDS_GROUP and point.name == name]
            if len(points) != 1:
                how = "is announced by several distributions" if points else "is not installed"
                raise LookupError(f"the kind of plugin {name} {how}")
            announced = Announcement("kinds", name, points[0])
            self._kinds[name] = guarded(announced, lambda: _checked_kind(name, load_driver(points[0])))
        return self._kinds[name]

    def used(self) -> set[str]:
        """Return the distributions of all classes that were loaded so far."""
        return {it.distribution for it in self._announced if (it.kind, it.full_name) in self._loaded}

    def kind_announcement(self, name: str) -> Announcement | None:
        """Return who announces a vendor's kind; None for one of core's, and for a word that is none."""
        points = [it for it in self._points if it.group == KINDS_GROUP and it.name == name]
        return Announcement("kinds", name, points[0]) if points and name not in KINDS else None

    def _keep(self, failure: PluginLoadFailure) -> None:
        if failure not in self.failures:
            self.failures.append(failure)

    # Catalogues

    def catalogues(self) -> Sequence[Catalogue]:
        """Return the installed catalogues, made. A broken one is recorded and left out (HB_PLUGINS_STRICT: raised)."""
        if self._catalogues is None:
            self._catalogues = [it for name in self.names("catalogue") if (it := self._catalogue(name)) is not None]
        return self._catalogues

    def _catalogue(self, name: str) -> Catalogue | None:
        try:
            announced = self.find("catalogue", name)
            made = guarded(announced, self.load_announced(announced))
        except LeftOut:
            return None
        except PluginError as problem:
            self._note(name, problem)
            return None
        assert isinstance(made, Catalogue)
        made.config = self._config.absolute()
        return made

    def _note(self, name: str, problem: PluginError) -> None:
        if self._selection.strict:
            raise problem
        if isinstance(problem, CannotLoad):
            self._keep(problem.failure)
        else:
            self._keep(PluginLoadFailure("catalogue", name, "", "", str(problem)))

    def find_type(self, kind: str, name: str) -> tuple[Catalogue, CatalogueEntry] | None:
        """Return what the first catalogue, by rank, knows under this name."""
        hits: list[tuple[Catalogue, CatalogueEntry]] = []
        for catalogue in self.catalogues():
            try:
                entry = catalogue.find(name)
            except Exception as problem:
                if self._selection.strict:
                    raise
                self._keep(record(self._announcement_of(catalogue), problem))
                continue
            if entry is not None and entry.kind == kind:
                hits.append((catalogue, entry))
        return min(hits, key=lambda hit: hit[1].rank, default=None)

    def _announcement_of(self, catalogue: Catalogue) -> Announcement:
        keys = [key for key, plugin in self._loaded.items() if plugin is type(catalogue)]
        return next(it for it in self._announced if (it.kind, it.full_name) in keys)


def _checked_kind(name: str, kind: object) -> Kind:
    if not isinstance(kind, Kind):
        raise BrokenContract("it is not a heartbeat.plugin.Kind")
    if kind.name != name or kind.group != PREFIX + name:
        raise BrokenContract(f"the kind {name} must be named so and have the group {PREFIX}{name}")
    return kind
