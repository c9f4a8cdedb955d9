"""What ``hb plugin validate`` prints."""

import click

from heartbeat.cli.plugin_validate import Verdict
from heartbeat.cli.table import printable
from heartbeat.pils.validation.finding import Finding, Severity

_TONES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.ADVICE: "cyan"}


def verdict_page(verdict: Verdict) -> list[str]:
    """Return the findings, what was not looked at, and the result."""
    lines = [f"mended: {printable(text)}" for text in verdict.fixed]
    lines += [line for it in verdict.findings for line in _finding_lines(it)]
    lines += [f"{printable(it.place)}: exempt from {printable(str(why))}" for it, why in verdict.exempted]
    lines += [f"proved on {printable(str(it))}" for it in verdict.proofs]
    lines += [f"{topic} was not looked at: {why}" for topic, why in verdict.not_looked_at.items()]
    counts = [sum(it.severity is severity for it in verdict.findings) for severity in Severity]
    told = f"{_many(counts[0], 'error')}, {_many(counts[1], 'warning')}, {counts[2]} advice"
    return [*lines, f"{verdict.subject}: {told}" + (f"; tier {verdict.tier}" if verdict.tier else "")]


def verdict_as_json(verdict: Verdict) -> dict[str, object]:
    """Return the verdict with the stable keys of ``--json``."""
    return {
        "subject": verdict.subject,
        "tier": verdict.tier,
        "findings": [_as_json(it) for it in verdict.findings],
        "exempted": [
            {**_as_json(it), "reason": why.reason, "date": why.date.isoformat()} for it, why in verdict.exempted
        ],
        "proofs": [
            {"device": it.device, "firmware": it.firmware, "date": it.date.isoformat(), "log": it.log}
            for it in verdict.proofs
        ],
        "fixed": verdict.fixed,
        "looked_at": sorted(verdict.looked_at),
        "not_looked_at": verdict.not_looked_at,
    }


def _as_json(it: Finding) -> dict[str, object]:
    return {
        "code": it.code,
        "severity": it.severity.value,
        "place": it.place,
        "text": it.text,
        "advice": it.advice,
        "fixable": it.is_fixable,
    }


def _finding_lines(it: Finding) -> list[str]:
    severity = click.style(it.severity.value, fg=_TONES[it.severity], bold=True)
    lines = [f"{printable(it.place)}: {severity} {it.code}: {printable(it.text)}"]
    return [*lines, f"    advice:  {printable(it.advice)}"] if it.advice else lines


def _many(count: int, word: str) -> str:
    return f"1 {word}" if count == 1 else f"{count} {word}s"
