"""Why a plugin is not there, or does not load: every cause that can be told from here, each with its mend."""

import json
import re
import shlex
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points, version
from pathlib import Path
from urllib.parse import unquote, urlparse

from heartbeat.pils.announcement import Announcement
from heartbeat.pils.elsewhere import who_has
from heartbeat.pils.kinds import ABOUT_PLUGINS, PREFIX
from heartbeat.pils.patience import LIMIT_S
from heartbeat.pils.probe import probe
from heartbeat.pils.registry import PluginRegistry
from heartbeat.pils.validation.packaging import CORE
from heartbeat.pils.validation.papers import NoProject, papers_of_installed, papers_of_project

HERE = Path(sys.prefix)


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why something is not there or does not load."""

    subject: str
    text: str
    mend: str


def examined(registry: PluginRegistry, limit_s: float = LIMIT_S) -> list[Cause]:
    """Return what is wrong with all that is installed; each plugin is imported in a child."""
    announced = registry.announced()
    causes = [cause for it in announced for cause in _standing(registry, it)]
    causes += _loading(registry, announced, limit_s)
    return [*causes, *_strange_groups(registry, _all_points()), *_silent(distributions())]


def missed(registry: PluginRegistry, kind: str, name: str, limit_s: float = LIMIT_S) -> list[Cause]:
    """Return why one plugin is not there or does not load; empty when it is well. ``kind`` may be empty."""
    here = [it for it in registry.announced(kind) if name in (it.name, it.full_name)]
    if here:
        return [*(cause for it in here for cause in _standing(registry, it)), *_loading(registry, here, limit_s)]
    subject = f"{kind}:{name}" if kind else name
    return [
        *_elsewhere_said(registry, kind, name),
        *_not_announced_yet(kind, name),
        *_other_environments(kind, name),
    ] or [_nowhere(registry, kind, name, subject)]


# What is announced here


def _standing(registry: PluginRegistry, announced: Announcement) -> Iterator[Cause]:
    """Yield why it is refused before anybody tries to import it."""
    subject = f"{announced.kind}:{announced.name} of {announced.origin}"
    if not registry.allows(announced):
        yield Cause(subject, "HB_PLUGINS does not name it, so it is left out", f"add {announced.name} to HB_PLUGINS")
    rivals = registry.rivals(announced)
    if rivals:
        who = " and ".join(it.origin for it in rivals)
        mend = f"write {announced.full_name} to choose this one, or pip uninstall the other"
        yield Cause(subject, f"{who} announces the same name, so the name alone is refused", mend)
    dist = announced.entry_point.dist
    bounds = papers_of_installed(dist).wants(CORE) if dist is not None else None
    if bounds and not satisfies(version(CORE), bounds):
        text = f"it asks for {CORE}{bounds}, and this is {version(CORE)}"
        yield Cause(subject, text, f"pip install --upgrade {announced.distribution} {CORE}")


def _loading(registry: PluginRegistry, announced: Iterable[Announcement], limit_s: float) -> Iterator[Cause]:
    wanted = [it for it in announced if registry.allows(it)]
    for it, result in zip(wanted, probe([(it.kind, it.full_name) for it in wanted], registry, limit_s), strict=True):
        if result.problem:
            place = f" ({result.place})" if result.place else ""
            yield Cause(f"{it.kind}:{it.name} of {it.origin}", f"{result.problem}{place}", _mend(it, result.problem))


def _mend(announced: Announcement, problem: str) -> str:
    missing = re.search(r"No module named '([\w.]+)'", problem)
    package = announced.entry_point.value.partition(":")[0].partition(".")[0]
    if missing and missing[1].partition(".")[0] == package:
        return (
            f"its files are gone or its entry point names the wrong module: pip install {announced.distribution} anew"
        )
    if missing:
        return (
            f"it lacks a library: pip install {announced.distribution} anew, or the distribution that has {missing[1]}"
        )
    if "has no attribute" in problem:
        return f"its entry point {announced.entry_point.value} names what is not there; its author can mend it"
    return f"take another version of {announced.distribution}; its author can mend it"


# What is not announced here


def _elsewhere_said(registry: PluginRegistry, kind: str, name: str) -> Iterator[Cause]:
    """Yield the same name in another kind or group, and the same name in other letters."""
    for it in registry.announced():
        if it.name == name and it.kind != kind:
            text = f"{it.origin} announces {name} as {it.kind}, not as {kind}"
            yield Cause(
                f"{it.kind}:{name}", text, f"write {it.kind}:{name}, or name the right group in its pyproject.toml"
            )
        elif it.name != name and it.name.lower() == name.lower() and kind in ("", it.kind):
            yield Cause(f"{it.kind}:{it.name}", f"it is called {it.name}: case matters", f"write {it.name}")
    for point in _all_points():
        if point.name == name and not point.group.startswith(PREFIX) and "heartbeat" in point.group.lower():
            yield _in_strange_group(point, registry)


def _not_announced_yet(kind: str, name: str) -> Iterator[Cause]:
    """Yield installations from a folder that announces it by now, but did not when it was installed."""
    for dist in distributions():
        folder = _source_folder(dist)
        if folder is None:
            continue
        try:
            points = papers_of_project(folder).points
        except NoProject:
            continue
        for point in points:
            if point.name == name and (not kind or point.group == f"{PREFIX}{kind}"):
                text = f"{folder} announces it by now, but did not when it was installed"
                yield Cause(f"{dist.name} {dist.version}", text, f"pip install -e {shlex.quote(str(folder))} once more")


def _source_folder(dist: Distribution) -> Path | None:
    """Return the folder from which a distribution was installed in place (PEP 610)."""
    try:
        origin = json.loads(dist.read_text("direct_url.json") or "{}")
    except ValueError:
        return None
    is_editable = isinstance(origin, dict) and origin.get("dir_info", {}).get("editable")
    return Path(unquote(urlparse(str(origin.get("url", ""))).path)) if is_editable else None


def _other_environments(kind: str, name: str) -> Iterator[Cause]:
    for dist, folder in who_has(f"{PREFIX}{kind}" if kind else "", name):
        text = f"it is installed in {folder}, and this hb runs in {HERE}"
        yield Cause(f"{dist.name} {dist.version}", text, f"{HERE}/bin/pip install {dist.name}")


def _nowhere(registry: PluginRegistry, kind: str, name: str, subject: str) -> Cause:
    packages = [
        package for one in ([kind] if kind else registry.kinds()) if (package := registry.package_for(one, name))
    ]
    if packages:
        return Cause(subject, "it is not installed", f"pip install {packages[0]}")
    text = f"nothing in {HERE} announces it, nor in any other environment that could be found"
    return Cause(subject, text, "pip install its distribution into this environment; hb plugin list shows what is here")


# What nobody asked for


def _all_points() -> list[EntryPoint]:
    """Return the entry points of all groups, also of those that have nothing to do with us."""
    points = entry_points()
    return [point for group in sorted(points.groups) for point in points.select(group=group)]


def _strange_groups(registry: PluginRegistry, points: Iterable[EntryPoint]) -> Iterator[Cause]:
    """Yield entry points that were surely meant for us, in a group that nobody reads."""
    known = {f"{PREFIX}{kind}" for kind in registry.kinds()} | ABOUT_PLUGINS
    for point in points:
        if re.match(r"(?i)heartbeat[._-]", point.group) and point.group not in known:
            yield _in_strange_group(point, registry)


def _in_strange_group(point: EntryPoint, registry: PluginRegistry) -> Cause:
    origin = Announcement("", point.name, point).origin
    text = f"it is announced in the group {point.group}, which nobody reads"
    groups = ", ".join(f"{PREFIX}{kind}" for kind in registry.kinds())
    return Cause(f"{point.name} of {origin}", text, f"the groups are {groups}: its author can mend it")


def _silent(dists: Iterable[Distribution]) -> Iterator[Cause]:
    """Yield distributions that are called like plugins and announce none."""
    for dist in dists:
        name = str(dist.name or "")
        if re.match(r"(?i)heartbeat[-_](comm|auth|stonith|ra|hooks|quorum)[-_]", name) and not dist.entry_points:
            text = "it is called like a plugin and announces none"
            yield Cause(
                f"{name} {dist.version}", text, f"pip install {name} anew; if it was installed with -e, once more"
            )


def satisfies(have: str, bounds: str) -> bool:
    """Is a version within bounds such as ``>=4.0,<5``? What cannot be understood counts as kept."""
    return all(_keeps(have, clause.strip()) for clause in bounds.split(",") if clause.strip())


def _keeps(have: str, clause: str) -> bool:
    found = re.fullmatch(r"(>=|<=|==|!=|<|>)\s*(\d+(?:\.\d+)*)", clause)
    if not found:
        return True
    ours, theirs = _numbers(have), _numbers(found[2])
    return {
        ">=": ours >= theirs,
        "<=": ours <= theirs,
        "==": ours == theirs,
        "!=": ours != theirs,
        "<": ours < theirs,
        ">": ours > theirs,
    }[found[1]]


def _numbers(text: str) -> tuple[int, ...]:
    """Return the release of a version (PEP 440), without trailing zeros, so that 4 and 4.0.0 are equal."""
    numbers = [int(word) for word in re.match(r"\d*(?:\.\d+)*", text)[0].split(".") if word]  # type: ignore[index]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
