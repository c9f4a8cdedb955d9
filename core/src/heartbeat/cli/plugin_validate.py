"""``hb plugin validate``: all rules about one plugin, or about the distribution in a folder."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint
from pathlib import Path

import click

from heartbeat.cli.plugin_name import find_named
from heartbeat.pils.announcement import Announcement, installed
from heartbeat.pils.failure import CannotLoad, guarded
from heartbeat.pils.kinds import KINDS_GROUP
from heartbeat.pils.parameter_table import parameter_table
from heartbeat.pils.registry import PluginRegistry
from heartbeat.pils.validation.behaviour import behaviour_findings
from heartbeat.pils.validation.conformance import Conformance, Exemption, Proof, conformance_of, unused
from heartbeat.pils.validation.finding import Finding, Severity, tier
from heartbeat.pils.validation.importing import import_findings
from heartbeat.pils.validation.keeping import contract_findings, kind_findings
from heartbeat.pils.validation.mending import mended
from heartbeat.pils.validation.packaging import packaging_findings
from heartbeat.pils.validation.papers import NoProject, Papers, papers_of_installed, papers_of_project
from heartbeat.plugin.kind import Plugin
from heartbeat.testing.declaration import declaration_findings

TOPICS = ("HB1", "HB2", "HB3", "HB4", "HB5", "HB6")


@dataclass(slots=True)
class Verdict:
    """What validating found."""

    subject: str
    findings: list[Finding] = field(default_factory=list)
    looked_at: set[str] = field(default_factory=set)
    not_looked_at: dict[str, str] = field(default_factory=dict)
    """Topic and why it could not be judged."""
    exempted: list[tuple[Finding, Exemption]] = field(default_factory=list)
    """What is wrong by a rule that the plugin need not keep."""
    proofs: list[Proof] = field(default_factory=list)
    """Runs on real devices; of all plugins of a folder."""
    fixed: list[str] = field(default_factory=list)
    """What ``--fix`` did."""

    @property
    def tier(self) -> str:
        return tier(self.findings, self.looked_at, proven=bool(self.proofs))


def validate_word(word: str, select: tuple[str, ...], *, fix: bool = False) -> Verdict:
    """Judge what a word means: a folder with a pyproject.toml, else an installed plugin. May end the command.

    With ``fix``, what can be mended in a folder's files is mended first, and judged as it is then.
    """
    registry = PluginRegistry()
    folder = Path(word)
    if folder.is_dir():
        try:
            papers = papers_of_project(folder)
            registry = _with_kinds_of(papers)
            fixed = _fixed(papers, registry) if fix else []
            verdict = _judged(papers_of_project(folder), registry, word, select)
        except NoProject as wrong:
            raise click.UsageError(str(wrong)) from None
        verdict.fixed = fixed
        return verdict
    if fix:
        raise click.UsageError("--fix changes sources: name their FOLDER")
    found = find_named(registry, word)
    if isinstance(found, tuple):
        raise click.UsageError(f"{word} is a type that a catalogue found, and no plugin")
    if found.entry_point.dist is None:
        raise click.UsageError(f"{word} belongs to no distribution")
    return _judged(papers_of_installed(found.entry_point.dist), registry, f"{found.kind}:{found.name}", select, found)


def _with_kinds_of(papers: Papers) -> PluginRegistry:
    """Return what is installed, with the kinds as the folder announces them."""
    names = {it.name for it in papers.kinds}
    others = [it for it in installed() if it.group != KINDS_GROUP or it.name not in names]
    return PluginRegistry([*others, *papers.kinds])


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
            for point in () if only else papers.kinds:
                verdict.findings += _about_kind(topic, papers, registry, point)
    _exempt(verdict, conformance_of(papers), [f"{it.group.removeprefix('heartbeat.')}:{it.name}" for it in points])
    return verdict


def _exempt(verdict: Verdict, conformance: Conformance, subjects: list[str]) -> None:
    """Apply what the plugin's conformance.toml says."""
    kept, used = [], set()
    for finding in verdict.findings:
        exemption = next((it for it in conformance.exemptions if it.covers(finding)), None)
        if exemption is None:
            kept.append(finding)
        else:
            used.add(exemption)
            verdict.exempted.append((finding, exemption))
    verdict.findings = kept
    if "HB1" in verdict.looked_at:
        verdict.findings += conformance.problems
    mine = replace(conformance, exemptions=tuple(it for it in conformance.exemptions if it.plugin in ("", *subjects)))
    verdict.findings += unused(mine, used, verdict.looked_at)
    proofs = [conformance.proofs_of(it) for it in subjects]
    verdict.proofs = [it for one in proofs for it in one] if all(proofs) else []


def standing(registry: PluginRegistry, found: Announcement) -> dict[str, object]:
    """Return how far an installed plugin is proved, as ``hb plugin show`` tells: no more than *listed* by what can be
    judged here, for its tests are with its sources; and the runs on real devices that its package brings.
    """
    if found.entry_point.dist is None:
        return {"tier": "", "proofs": []}
    subject = f"{found.kind}:{found.name}"
    verdict = _judged(papers_of_installed(found.entry_point.dist), registry, subject, ("HB1", "HB2"), found)
    return {"tier": verdict.tier, "proofs": [str(it) for it in verdict.proofs]}


def _fixed(papers: Papers, registry: PluginRegistry) -> list[str]:
    """Mend the folder's files; a plugin that cannot be loaded has no table."""
    assert papers.folder is not None
    sys.path.insert(0, str(papers.folder.absolute() / "src"))
    tables = {}
    for point in papers.points:
        announced = Announcement(point.group.removeprefix("heartbeat."), point.name, point)
        try:
            plugin = guarded(announced, point.load)
            broken = list(contract_findings(registry.kind(announced.kind), plugin, ""))
        except (CannotLoad, LookupError):
            continue
        if isinstance(plugin, type) and issubclass(plugin, Plugin) and not broken:
            tables[f"{announced.kind}:{announced.name}"] = parameter_table(plugin)
    return mended(papers, tables)


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


def _about_kind(topic: str, papers: Papers, registry: PluginRegistry, point: EntryPoint) -> Iterator[Finding]:
    if topic == "HB2":
        yield from import_findings(papers, point)
    elif topic == "HB3":
        yield from kind_findings(registry, point)


def _about_papers(papers: Papers, plugin: type[Plugin], place: str) -> Iterator[Finding]:
    if not papers.readme.strip():
        advice = 'write one, and readme = "README.md"'
        yield Finding("HB602", Severity.WARNING, papers.place, "it has no README", advice, is_fixable=True)
    elif parameter_table(plugin).strip() not in papers.readme:
        text = "the README lacks the table of the parameters as they are declared"
        yield Finding("HB603", Severity.WARNING, place, text, "hb plugin validate FOLDER --fix", is_fixable=True)
    if not plugin.docs_url:
        text = "docs_url is empty: say where the device or service is documented"
        yield Finding("HB604", Severity.ADVICE, place, text)
