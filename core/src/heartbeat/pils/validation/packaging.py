"""HB1: the distribution installs where it should, and nowhere else."""

import re
from collections.abc import Iterator

from heartbeat.pils.announcement import Announcement
from heartbeat.pils.registry import PluginRegistry
from heartbeat.pils.validation.finding import Finding, Severity
from heartbeat.pils.validation.papers import Papers, normal

CORE = "heartbeat-core"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
"""What stands in a line of ha.cf or haresources: no blank, no colon, no equals sign, no hash."""


def packaging_findings(papers: Papers, registry: PluginRegistry) -> Iterator[Finding]:
    """Yield what is wrong with the distribution; ``registry`` knows who else is installed."""
    if not papers.points and not papers.kinds:
        yield Finding(
            "HB100",
            Severity.ERROR,
            papers.place,
            "it announces no plugin and no kind of plugin",
            'add NAME = "package:Class" to [project.entry-points."heartbeat.KIND"]',
        )
    for point in papers.points:
        yield from _about_name(
            papers, Announcement(point.group.removeprefix("heartbeat."), point.name, point), registry
        )
    if not papers.requires_python:
        text = "it does not say which Python it needs"
        yield Finding(
            "HB103", Severity.WARNING, papers.place, text, 'write requires-python = ">=3.11"', is_fixable=True
        )
    is_core = normal(papers.name) == CORE  # it brings plugins too, and neither depends on itself nor hides its package
    yield from () if is_core else _about_core(papers)
    if not papers.is_typed:
        text = "it has no py.typed, so that nobody's type checker reads it"
        yield Finding(
            "HB105", Severity.ADVICE, papers.place, text, "put an empty py.typed beside __init__.py", is_fixable=True
        )
    if not papers.has_licence:
        text = "it has no licence: nobody may pass it on"
        yield Finding("HB106", Severity.ADVICE, papers.place, text, "choose one: license, and a LICENSE file")
    if not papers.summary:
        yield Finding("HB109", Severity.WARNING, papers.place, "it has no description", "say in one line what it is")
    for top in sorted({"tests", "test", "docs", "src", *(() if is_core else ("heartbeat",))} & set(papers.packages)):
        text = f"it installs a top-level package {top}, which others have too"
        yield Finding("HB108", Severity.ERROR, papers.place, text, "keep it out of the wheel, or name it anew")


def _about_name(papers: Papers, announced: Announcement, registry: PluginRegistry) -> Iterator[Finding]:
    place = f"{announced.kind}:{announced.name}"
    if announced.kind not in registry.kinds():
        text = f"heartbeat.{announced.kind} is no group that this core or an installed package knows"
        yield Finding("HB101", Severity.ERROR, place, text, f"there are {', '.join(registry.kinds())}")
    if not _NAME.fullmatch(announced.name):
        text = f"{announced.name!r} cannot be written in the files: letters, digits, . - and _, a letter first"
        yield Finding("HB101", Severity.ERROR, place, text, "name the entry point anew")
    for other in registry.announced(announced.kind):
        if other.name == announced.name and normal(other.distribution) != normal(papers.name):
            text = f"{other.origin} announces the same name; side by side, both are refused"
            yield Finding("HB102", Severity.ERROR, place, text, "choose another name, or remove the other")


def _about_core(papers: Papers) -> Iterator[Finding]:
    bounds = papers.wants(CORE)
    advice = f"write {CORE}>=4.0,<5: the first version that has what it uses, and not the next major"
    if bounds is None:
        yield Finding("HB104", Severity.ERROR, papers.place, f"it does not depend on {CORE}", advice)
    elif "==" in bounds:
        text = f"it asks for one exact version of {CORE} ({bounds}): every upgrade of core would take it out"
        yield Finding("HB104", Severity.WARNING, papers.place, text, advice)
    elif "<" not in bounds or ">" not in bounds:
        text = f"its range of {CORE} is open ({bounds or 'no bounds'})"
        yield Finding("HB104", Severity.WARNING, papers.place, text, advice)
