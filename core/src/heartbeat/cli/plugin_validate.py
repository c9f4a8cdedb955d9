"""``hb plugin validate``: all rules about one plugin, or about the distribution in a folder."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path

import click

from heartbeat.cli.plugin_name import find_named
from heartbeat.pils.announcement import Announcement
from heartbeat.pils.failure import CannotLoad, guarded
from heartbeat.pils.registry import PluginRegistry
from heartbeat.pils.validation.behaviour import behaviour_findings
from heartbeat.pils.validation.finding import Finding, Severity, tier
from heartbeat.pils.validation.importing import import_findings
from heartbeat.pils.validation.keeping import contract_findings
from heartbeat.pils.validation.packaging import packaging_findings
from heartbeat.pils.validation.papers import NoProject, Papers, papers_of_installed, papers_of_project
from heartbeat.plugin.kind import Plugin
from heartbeat.testing.declaration import declaration_findings
from heartbeat.testing.readme import parameter_table

TOPICS = ("HB1", "HB2", "HB3", "HB4", "HB5", "HB6")


@dataclass(slots=True)
class Verdict:
    """What validating found."""

    subject: str
    findings: list[Finding] = field(default_factory=list)
    looked_at: set[str] = field(default_factory=set)
    not_looked_at: dict[str, str] = field(default_factory=dict)
    """Topic and why it could not be judged."""

    @property
    def tier(self) -> str:
        return tier(self.findings, self.looked_at)


def validate_word(word: str, select: tuple[str, ...]) -> Verdict:
    """Judge what a word means: a folder with a pyproject.toml, else an installed plugin. May end the command."""
    registry = PluginRegistry()
    folder = Path(word)
    if folder.is_dir():
        try:
            return _judged(papers_of_project(folder), registry, word, select)
        except NoProject as wrong:
            raise click.UsageError(str(wrong)) from None
    found = find_named(registry, word)
    if isinstance(found, tuple):
        raise click.UsageError(f"{word} is a type that a catalogue found, and no plugin")
    if found.entry_point.dist is None:
        raise click.UsageError(f"{word} belongs to no distribution")
    return _judged(papers_of_installed(found.entry_point.dist), registry, f"{found.kind}:{found.name}", select, found)


def _judged(
    papers: Papers, registry: PluginRegistry, subject: str, select: tuple[str, ...], only: Announcement | None = None
) -> Verdict:
    verdict = Verdict(subject)
    if papers.folder is not None:
        sys.path.insert(0, str(papers.folder.absolute() / "src"))
    points = [only.entry_point] if only else list(papers.points)
    for topic in [it for it in TOPICS if not select or it in select]:
        if topic == "HB5" and papers.folder is None:
            verdict.not_looked_at[topic] = "its tests are with the sources: hb plugin validate FOLDER"
            continue
        verdict.looked_at.add(topic)
        if topic == "HB1":
            verdict.findings += packaging_findings(papers, registry)
        elif topic == "HB5":
            verdict.findings += behaviour_findings(papers)
        else:
            for point in points:
                verdict.findings += _about_class(topic, papers, registry, point)
    return verdict


def _about_class(topic: str, papers: Papers, registry: PluginRegistry, point: EntryPoint) -> Iterator[Finding]:
    place = f"{point.group.removeprefix('heartbeat.')}:{point.name}"
    if topic == "HB2":
        yield from import_findings(papers, point)
        return
    announced = Announcement(point.group.removeprefix("heartbeat."), point.name, point)
    try:
        kind = registry.kind(announced.kind)
        plugin = guarded(announced, point.load)
    except CannotLoad as problem:
        if topic == "HB3":
            yield Finding("HB300", Severity.ERROR, place, f"it cannot be loaded: {problem.failure.cause}")
        return
    except LookupError as problem:
        if topic == "HB3":
            yield Finding("HB300", Severity.ERROR, place, str(problem.args[0]))
        return
    broken = list(contract_findings(kind, plugin, place))
    if topic == "HB3":
        yield from broken
    elif not any(it.code == "HB301" for it in broken):
        assert isinstance(plugin, type)
        assert issubclass(plugin, Plugin)
        texts = declaration_findings(kind, plugin)
        about_params = [text for text in texts if text.startswith("parameter ")]
        if topic == "HB4":
            yield from (Finding("HB401", Severity.ERROR, place, text) for text in about_params)
        else:
            rest = [text for text in texts if text not in about_params]
            yield from (Finding("HB601", Severity.ERROR, place, text) for text in rest)
            yield from _about_papers(papers, plugin, place)


def _about_papers(papers: Papers, plugin: type[Plugin], place: str) -> Iterator[Finding]:
    if not papers.readme.strip():
        yield Finding("HB602", Severity.WARNING, papers.place, "it has no README", 'write readme = "README.md"')
    elif parameter_table(plugin).strip() not in papers.readme:
        text = "the README lacks the table of the parameters as they are declared"
        yield Finding("HB603", Severity.WARNING, place, text, f"python -m heartbeat.testing.readme {place}")
    if not plugin.docs_url:
        text = "docs_url is empty: say where the device or service is documented"
        yield Finding("HB604", Severity.ADVICE, place, text)
