"""``conformance.toml``: from which rules a plugin is exempt and why, and on which real devices it was proved.

It lies in the plugin's package, beside the module with the class, so that the wheel carries it:

    [[exempt]]
    code = "HB604"
    plugin = "stonith:acme"      # left out: all plugins of the distribution
    reason = "the maker's manual is on paper"
    date = 2026-03-01

    [[proven]]
    plugin = "stonith:acme"
    device = "Acme PDU-8"
    firmware = "2.14"
    date = 2026-03-02
    log = "proof/2026-03-02.log" # what the run printed, beside this file
"""

import datetime as dt
import importlib.util
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heartbeat.pils.validation.finding import Finding, Severity
from heartbeat.pils.validation.papers import Papers

NAME = "conformance.toml"


@dataclass(frozen=True, slots=True)
class Exemption:
    """One rule that need not be kept."""

    code: str
    plugin: str
    """``kind:name``; empty: all of the distribution."""
    reason: str
    date: dt.date

    def covers(self, finding: Finding) -> bool:
        return finding.code == self.code and self.plugin in ("", finding.place)

    def __str__(self) -> str:
        return f"{self.code}{' of ' + self.plugin if self.plugin else ''}: {self.reason} ({self.date})"


@dataclass(frozen=True, slots=True)
class Proof:
    """One run on a real device."""

    plugin: str
    device: str
    firmware: str
    date: dt.date
    log: str

    def __str__(self) -> str:
        return f"{self.device}, firmware {self.firmware}, {self.date}"


@dataclass(frozen=True, slots=True)
class Conformance:
    """What a distribution says about its own conformance."""

    exemptions: tuple[Exemption, ...] = ()
    proofs: tuple[Proof, ...] = ()
    problems: tuple[Finding, ...] = ()
    """What is wrong with the file itself."""

    def proofs_of(self, plugin: str) -> list[Proof]:
        """Return the runs on real devices of ``kind:name``, the newest last."""
        return sorted((it for it in self.proofs if it.plugin == plugin), key=lambda it: it.date)


def conformance_of(papers: Papers) -> Conformance:
    """Return what the files of a distribution's packages say. Imports nothing."""
    exemptions, proofs, problems = [], [], []
    for path in _files(papers):
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as wrong:
            problems.append(_wrong(path, f"cannot be understood: {wrong}"))
            continue
        strange = sorted(content.keys() - {"exempt", "proven"})
        problems += [_wrong(path, f"{name} means nothing: there are [[exempt]] and [[proven]]") for name in strange]
        for table in _tables(content, "exempt"):
            if lack := _lacks(table, ("code", "reason", "date")):
                problems.append(_wrong(path, f"an exemption lacks {lack}"))
            else:
                exemptions.append(
                    Exemption(table["code"], str(table.get("plugin", "")), table["reason"], table["date"])
                )
        for table in _tables(content, "proven"):
            if lack := _lacks(table, ("plugin", "device", "firmware", "date", "log")):
                problems.append(_wrong(path, f"a proof lacks {lack}"))
            elif not _is_log(path.parent / str(table["log"])):
                problems.append(_wrong(path, f"the log {table['log']} of a proof is not beside it, or empty"))
            else:
                proofs.append(Proof(*(table[it] for it in ("plugin", "device", "firmware", "date", "log"))))
    return Conformance(tuple(exemptions), tuple(proofs), tuple(problems))


def unused(conformance: Conformance, used: set[Exemption], looked_at: set[str]) -> Iterator[Finding]:
    """Yield the exemptions that nothing needs any more, as far as their topics were looked at."""
    for it in conformance.exemptions:
        if it not in used and it.code[:3] in looked_at:
            yield Finding(
                "HB111", Severity.WARNING, NAME, f"nothing needs the exemption from {it}", "take it out of the file"
            )


def _files(papers: Papers) -> list[Path]:
    if papers.folder is not None:
        return sorted((papers.folder / "src").glob(f"*/{NAME}"))
    found = []
    for package in sorted({it.value.partition(":")[0].partition(".")[0].strip() for it in papers.points}):
        try:
            spec = importlib.util.find_spec(package)
        except (ImportError, ValueError):
            continue
        folders = map(Path, spec.submodule_search_locations or ()) if spec else ()
        found += [folder / NAME for folder in folders if (folder / NAME).is_file()]
    return found


def _tables(content: dict[str, Any], name: str) -> list[dict[str, Any]]:
    tables = content.get(name, [])
    return [it for it in tables if isinstance(it, dict)] if isinstance(tables, list) else []


def _lacks(table: dict[str, Any], names: tuple[str, ...]) -> str:
    """Return the first of the names that is not there, or is not what it must be: a date, or some text."""
    for name in names:
        value = table.get(name)
        if name == "date":
            if not isinstance(value, dt.date):
                return "its date, as date = 2026-03-01"
        elif not isinstance(value, str) or not value.strip():
            return f"its {name}"
    return ""


def _is_log(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _wrong(path: Path, text: str) -> Finding:
    return Finding("HB110", Severity.ERROR, NAME, f"{path.parent.name}/{path.name}: {text}")
