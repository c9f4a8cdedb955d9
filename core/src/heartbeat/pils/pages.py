"""``docs/plugins/``: a page for each plugin of a workspace and an index, made from the plugins themselves.

``python -m heartbeat.pils.pages FOLDER`` (of the workspace) writes them anew and removes what is no page any more. A
test fails when they differ from what the plugins say now.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

from heartbeat.pils.announcement import Announcement
from heartbeat.pils.page import plugin_page
from heartbeat.pils.registry import PluginRegistry
from heartbeat.pils.validation.behaviour import claimed_tier
from heartbeat.pils.validation.conformance import Conformance, conformance_of
from heartbeat.pils.validation.papers import Papers, normal, papers_of_project
from heartbeat.plugin.kind import Plugin

WHERE = Path("docs/plugins")
INDEX = "README.md"

_HEAD = """\
# The plugins

Made from the plugins themselves by `python -m heartbeat.pils.pages .`; `hb plugin show NAME` tells the same of what is
installed, `hb plugin show --markdown NAME` makes such a page of anybody's.

*Listed*: it installs and imports as it should. *Conforming*: its tests run the conformance kit, and pass. *Proven*: the
dated log of a run on a real device lies beside it. How to get there: [write a plugin](../write-a-plugin.md).
"""


@dataclass(frozen=True, slots=True)
class _Member:
    """One plugin of the workspace."""

    papers: Papers
    conformance: Conformance
    announced: Announcement
    plugin: type[Plugin]

    @property
    def subject(self) -> str:
        return f"{self.announced.kind}:{self.announced.name}"

    @property
    def file(self) -> str:
        return f"{self.announced.kind}-{self.announced.name}.md"

    @property
    def tier(self) -> str:
        return claimed_tier(
            self.papers, self.announced.entry_point, proven=bool(self.conformance.proofs_of(self.subject))
        )


def pages(workspace: Path, registry: PluginRegistry) -> dict[str, str]:
    """Return file name to text of all pages. Raises LookupError or PluginError for a plugin that cannot be loaded."""
    members = list(_members(workspace, registry))
    written = {INDEX: _index(members, registry)}
    for it in members:
        assert it.papers.folder is not None
        readme = f"../../{it.papers.folder.relative_to(workspace)}/README.md"
        kind = registry.kind(it.announced.kind)
        proofs = it.conformance.proofs_of(it.subject)
        written[it.file] = plugin_page(it.announced, kind, it.plugin, it.tier, proofs, readme)
    return written


def _members(workspace: Path, registry: PluginRegistry) -> Iterator[_Member]:
    """Yield the plugins of the workspace in the order of kinds and names."""
    found = []
    for path in [workspace / "core", *sorted(it.parent for it in workspace.glob("plugins_*/*/pyproject.toml"))]:
        papers = papers_of_project(path)
        conformance = conformance_of(papers)
        found += [_member(papers, conformance, point, registry) for point in papers.points]
    kinds = registry.kinds()
    yield from sorted(found, key=lambda it: (kinds.index(it.announced.kind), it.announced.name))


def _member(papers: Papers, conformance: Conformance, point: EntryPoint, registry: PluginRegistry) -> _Member:
    kind = point.group.removeprefix("heartbeat.")
    announced = registry.find(kind, f"{normal(papers.name)}:{point.name}")
    return _Member(papers, conformance, announced, registry.load_announced(announced))


def _index(members: list[_Member], registry: PluginRegistry) -> str:
    lines = [_HEAD]
    for kind in registry.kinds():
        here = [it for it in members if it.announced.kind == kind]
        if not here:
            continue
        title = registry.kind(kind).title
        lines += [
            f"## {title[0].upper()}{title[1:]}: `{kind}`",
            "",
            "| name | what it is | distribution | tier |",
            "|---|---|---|---|",
        ]
        for it in here:
            what = f"{it.plugin.title}{' (for tests only)' if it.plugin.test_only else ''}"
            lines.append(f"| [{it.announced.name}]({it.file}) | {what} | `{it.announced.distribution}` | {it.tier} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def write_pages(workspace: Path) -> None:
    """Bring the folder up to date."""
    folder = workspace / WHERE
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages(workspace, PluginRegistry())
    for path in folder.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
