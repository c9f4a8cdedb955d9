"""What ``hb plugin list`` and ``hb plugin show`` print."""

import textwrap
import time
from collections.abc import Iterator, Sequence
from typing import Any

from heartbeat.cli.table import Cell, printable, table
from heartbeat.model.duration import show_duration
from heartbeat.pils.capability import meaning
from heartbeat.pils.listing import Listed, State

_WIDTH = 100
_TONES = {State.OK: "green", State.BROKEN: "red", State.SHADOWED: "yellow", State.LEFT_OUT: "yellow"}


def list_page(lines: Sequence[Listed]) -> list[str]:
    """Return a line per plugin."""
    if not lines:
        return ["no plugin is installed"]
    rows: list[Sequence[Cell]] = []
    for line in lines:
        tone = _TONES.get(line.state)
        state: Cell = (line.state.value, tone) if tone else line.state.value
        rows.append((line.kind, line.name, line.distribution or "(unnamed)", line.version, state, _why(line)))
    return table(rows, ("KIND", "NAME", "DISTRIBUTION", "VERSION", "STATE", ""))


def _why(line: Listed) -> str:
    place = f" ({line.place})" if line.place else ""
    since_s = max(0.0, time.time() - line.found_s) if line.found_s is not None else 0.0
    age = f", found {show_duration(since_s)} ago" if since_s > 60 else ""
    return f"{line.problem}{place}{age}" if line.problem else line.title


def listed_as_json(line: Listed) -> dict[str, object]:
    """Return one plugin with the stable keys of ``hb plugin list --json``."""
    return {
        "kind": line.kind,
        "name": line.name,
        "distribution": line.distribution,
        "version": line.version,
        "state": line.state.value,
        "problem": line.problem,
        "place": line.place,
        "found_at": line.found_s,
        "api": line.api,
        "title": line.title,
    }


def facts_page(facts: dict[str, Any]) -> list[str]:
    """Return the page of one plugin, or of one type that a catalogue found."""
    head = f"{facts['kind']}:{facts['name']}"
    if "origin" in facts:
        lines = [f"{head}  found by a catalogue: {facts['origin']}", f"run by {facts['kind']}:{facts['driver']}"]
        return [*lines, *_section("parameters", param_lines(facts["params"]))]
    core = "" if facts["api"] == facts["core_api"] else f" (this core speaks {facts['core_api']})"
    lines = [
        f"{head}  {facts['title']}",
        f"{facts['distribution'] or '(unnamed)'} {facts['version']}, contract version {facts['api']}{core}",
    ]
    if facts["notice"]:
        lines.append(f"notice: {facts['notice']}")
    if facts["test_only"]:
        lines.append(f"for tests only: {facts['test_only']}")
    lines += _section("", facts["description"].splitlines())
    lines += _section("parameters", param_lines(facts["params"]))
    if facts["extra_params"]:
        lines.append("  further NAME=VALUE are passed on as they are")
    lines += _section("how to ask for it", _asking(facts))
    lines += _section("what it can do", _abilities(facts))
    lines += _section("how far it is proved", _standing(facts)) if "tier" in facts else []
    return lines + ([f"documentation  {facts['docs_url']}"] if facts["docs_url"] else [])


def _standing(facts: dict[str, Any]) -> list[str]:
    sources = "what it does is judged with its sources: hb plugin validate FOLDER"
    refused = "it is not even listed; why: hb plugin validate " + facts["name"]
    lines = [f"tier {facts['tier']}; {sources}" if facts["tier"] else refused]
    return [*(printable(f"proved on {proof}") for proof in facts["proofs"]), *lines]


def _section(title: str, body: Sequence[str]) -> list[str]:
    if not body:
        return []
    return ["", *([title] if title else []), *(f"  {line}".rstrip() for line in body)]


def param_lines(params: Sequence[dict[str, Any]]) -> list[str]:
    """Return what is to be told of each parameter, its help below it."""
    lines = []
    for param in params:
        names = ", ".join([param["name"], *param["aliases"]])
        lines.append(printable(f"{names}: {'; '.join(_nature(param))}"))
        lines += textwrap.wrap(printable(param["help"]), _WIDTH, initial_indent="    ", subsequent_indent="    ")
    return lines


def _nature(param: dict[str, Any]) -> Iterator[str]:
    """Yield what a parameter is: kind and unit, whether it must be given, bounds, default, example."""
    what = " | ".join(param["choices"]) or param["what"]
    yield f"{what} in {param['unit']}" if param["unit"] and not param["choices"] else what
    if param["required"]:
        yield "required"
    low, high = param["minimum"], param["maximum"]
    if low is not None and high is not None:
        yield f"{low:g} to {high:g}"
    elif low is not None or high is not None:
        yield f"at least {low:g}" if high is None else f"at most {high:g}"
    if param["setting"]:
        yield f"default: {param['setting']} of ha.cf"
    elif param["default"] is not None:
        yield f"default {_as_written(param['default'])}"
    if param["example"]:
        yield f"for example {param['example']}"


def _as_written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ",".join(f"{host}={outlet}" for host, outlet in value.items())
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _asking(facts: dict[str, Any]) -> list[str]:
    rows = []
    if facts["example"]:
        rows.append((facts["example"]["file"], facts["example"]["line"]))
    if facts["positional"]:
        joint = "::" if facts["kind"] == "ra" else " "
        rows.append(("in order", joint.join([facts["name"], *facts["positional"]])))
    if facts["kind"] == "stonith":
        needed = [f"{it['name']}={it['example'] or it['name'].upper()}" for it in facts["params"] if it["required"]]
        quoted = [f"'{text}'" if " " in text else text for text in needed]
        rows.append(("by hand", " ".join(["hb stonith status --type", facts["name"], *quoted])))
    return table(rows)


def _abilities(facts: dict[str, Any]) -> list[str]:
    rows = [(name, _as_written(value), meaning(name, value)) for name, value in facts["capabilities"].items()]
    if facts["refines"]:
        rows.append(("also has", ", ".join(facts["refines"]), ""))
    return table(rows)
