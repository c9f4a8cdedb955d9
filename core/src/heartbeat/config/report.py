"""What ``hb check`` says: findings with their lines, then a summary of what the files describe. Text and JSON."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from heartbeat.config.device_line import DeviceLine
from heartbeat.config.finding import Finding, Severity
from heartbeat.config.load import Loaded, Survey
from heartbeat.model.duration import show_duration

INDENT = "    "
SHOWN_MAX = 160
"""Longest piece of a line that is shown, in characters."""


def text_lines(loaded: Loaded) -> Iterator[str]:
    """Yield the lines of the whole report."""
    for file, findings in groupby(loaded.findings, key=lambda finding: finding.file):
        yield file
        for finding in findings:
            yield from finding_lines(loaded, finding)
        yield ""
    yield from summary_lines(loaded)


def finding_lines(loaded: Loaded, finding: Finding) -> Iterator[str]:
    """Yield one finding: its place and message, the line with a caret, then what would be right."""
    yield f"  {finding}"
    source = loaded.sources.get(finding.file)
    if source is not None and 0 < finding.line <= len(source.lines):
        shown, caret = _piece(*source.shown(finding.line, max(1, finding.column)))
        yield f"{INDENT}  {shown}"
        if finding.column:
            yield f"{INDENT}  {' ' * caret}^"
    for word, text in (("expected", finding.expected), ("nearest", finding.nearest), ("mend", finding.mend)):
        if text:
            yield f"{INDENT}{word + ':':9} {text}"


def _piece(shown: str, caret: int) -> tuple[str, int]:
    """Return what of a long line surrounds the caret, and where the caret then is."""
    if len(shown) <= SHOWN_MAX:
        return shown, caret
    start = max(0, min(caret - SHOWN_MAX // 2, len(shown) - SHOWN_MAX))
    before, after = "... " if start else "", " ..." if start + SHOWN_MAX < len(shown) else ""
    return before + shown[start : start + SHOWN_MAX] + after, caret - start + len(before)


def summary_lines(loaded: Loaded) -> Iterator[str]:
    """Yield what the files describe, and the verdict."""
    survey = loaded.survey
    named = (f"{name} (this one)" if name == survey.node else name for name in survey.nodes)
    yield "nodes: " + (", ".join(named) or "none")
    timers = survey.timers
    yield (
        f"timers: keepalive {show_duration(timers.keepalive_s)}, warntime {show_duration(timers.warntime_s)}, "
        f"deadtime {show_duration(timers.deadtime_s)}, initdead {show_duration(timers.initdead_s)}"
    )
    yield "links: " + (", ".join(link.name + " (pings)" * link.is_ping for link in survey.links) or "none")
    yield "devices:" if survey.devices else "devices: none"
    for device in survey.devices:
        yield f"  {_device_text(survey, device)}"
    yield "groups:" if survey.groups else "groups: none"
    for group in survey.groups:
        yield f"  {group.name}, at home on {group.home}: {'shares data' if group.shares_data else 'shares no data'}"
        for resource in group.resources:
            shares = "shares data" if resource.shares_data else "shares no data"
            yield f"    {resource.name}: {resource.found_in or 'not found'}; {shares} ({resource.known_by})"
    counts = Counter(finding.severity for finding in loaded.findings)
    yield "result: " + ", ".join(_counted(counts[severity], severity) for severity in Severity)


def _counted(number: int, severity: Severity) -> str:
    plural = "" if severity is Severity.ADVICE or number == 1 else "s"
    return f"{number} {severity.value}{plural}"


def _device_text(survey: Survey, device: DeviceLine) -> str:
    """Say who may switch whom, how long the proof of a death takes, and what the device is worth."""
    config = device.config
    dead = show_duration(survey.timers.deadtime_s)
    total = survey.timers.deadtime_s + config.worst_off_s
    hosts = ", ".join(config.hosts) or "the hosts that it knows"
    parts = [
        f"{config.name}: {device.driver or 'every node'} can switch {hosts}",
        f"dead + off + read-back {show_duration(total)} ({dead} + {show_duration(config.worst_off_s)})",
    ]
    if config.supplies > 1:
        parts.append(f"one of {config.supplies} that feed a node together")
    if not config.can_read_power:
        parts.append("cannot read power back")
    if config.test_only:
        parts.append("for tests only")
    return "; ".join(parts)


def as_json(loaded: Loaded, directory: str) -> dict[str, Any]:
    """Return the report as plain values. Keys are stable: scripts read them."""
    survey = loaded.survey
    counts = Counter(finding.severity for finding in loaded.findings)
    return {
        "ok": not loaded.errors,
        "directory": directory,
        "node": survey.node,
        "counts": {severity.value: counts[severity] for severity in Severity},
        "findings": [_finding_json(finding) for finding in loaded.findings],
        "nodes": list(survey.nodes),
        "timers": {
            "keepalive_s": survey.timers.keepalive_s,
            "warntime_s": survey.timers.warntime_s,
            "deadtime_s": survey.timers.deadtime_s,
            "initdead_s": survey.timers.initdead_s,
        },
        "links": [
            {"name": link.name, "directive": link.directive, "line": link.line, "pings": link.is_ping}
            for link in survey.links
        ],
        "devices": [_device_json(survey, device) for device in survey.devices],
        "groups": [
            {
                "name": group.name,
                "home": group.home,
                "line": group.line,
                "shares_data": group.shares_data,
                "resources": [
                    {
                        "name": resource.name,
                        "agent": resource.agent,
                        "found_in": resource.found_in,
                        "shares_data": resource.shares_data,
                        "known_by": resource.known_by,
                    }
                    for resource in group.resources
                ],
            }
            for group in survey.groups
        ],
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
        "expected": finding.expected,
        "nearest": finding.nearest,
        "mend": finding.mend,
    }


def _device_json(survey: Survey, device: DeviceLine) -> dict[str, Any]:
    config = device.config
    return {
        "name": config.name,
        "type": config.type,
        "driver": device.driver or "*",
        "hosts": list(config.hosts),
        "test_only": config.test_only,
        "can_read_power": config.can_read_power,
        "worst_off_s": config.worst_off_s,
        "dead_off_read_back_s": survey.timers.deadtime_s + config.worst_off_s,
    }
