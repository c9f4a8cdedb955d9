"""An agent's meta-data: asked by running it with ``meta-data``, read leniently, for agents write what they like."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from heartbeat.plugin import Param, ParamKind, PluginError
from heartbeat.plugin.catalogue import TypeDescription

from heartbeat_ra_ocf.environment import bare_environment
from heartbeat_ra_ocf.kind import OcfType

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TIMEOUT_S = 10.0
"""For ``meta-data``; 5 s is what agents themselves advise."""
KEPT_BYTES = 512 * 1024

_KINDS = {"integer": ParamKind.INT, "boolean": ParamKind.BOOL, "time": ParamKind.SECONDS, "select": ParamKind.CHOICE}
_TRUE = ("1", "true", "yes", "on", "ja")
_SECRET = re.compile(r"passw|passphrase|secret|token|credential", re.IGNORECASE)
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|sec|m|min|h|hr|d)?", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "m": 60.0, "min": 60.0, "h": 3600.0, "hr": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class MetaData:
    """What an agent says about itself."""

    about: TypeDescription
    names: frozenset[str]
    """Of all parameters, old spellings included."""
    actions: frozenset[str] = field(default_factory=frozenset)


def ask(kind: OcfType) -> MetaData:
    """Run the agent's ``meta-data``; its answer is kept as long as the file does not change. Raises PluginError."""
    problem = kind.problem
    if problem:
        raise PluginError(problem)
    return _asked(kind.provider, kind.name, str(kind.root), kind.path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _asked(provider: str, name: str, root: str, _changed_ns: int) -> MetaData:
    from heartbeat.plugin.program import run_program

    kind = OcfType(provider, name, Path(root))
    ended = run_program(
        [str(kind.path), "meta-data"], bare_environment(kind), timeout_s=TIMEOUT_S, kept_bytes=KEPT_BYTES
    )
    if ended.code != 0:
        raise PluginError(f"{kind.path} meta-data ended with exit code {ended.code}: {_tail(ended.stderr)}")
    try:
        return parse(ended.stdout)
    except ValueError as wrong:
        raise PluginError(f"{kind.path} meta-data: {wrong}") from None


def parse(text: str) -> MetaData:
    """Read meta-data, whatever stands before and after it; documents that it refers to are never fetched.

    Raises ValueError when there is none, or it is no XML.
    """
    from xml.etree import ElementTree as ET

    found = re.search(r"<resource-agent\b.*</resource-agent\s*>", text, re.DOTALL)
    if not found:
        raise ValueError("no <resource-agent> in what it printed")
    try:
        # Without the DOCTYPE there are no entities but XML's own, so nothing can expand without bounds.
        root = ET.fromstring(found[0])  # noqa: S314
    except ET.ParseError as wrong:
        raise ValueError(f"no valid XML ({wrong})") from None
    parameters = [one for one in root.iterfind("parameters/parameter") if one.get("name")]
    about = TypeDescription(
        title=_text(root, "shortdesc"),
        text=_paragraphs(root.findtext("longdesc") or ""),
        params=tuple(_param(one) for one in parameters),
        timeouts_s=dict(_timeouts(root)),
    )
    actions = frozenset(one.get("name", "") for one in root.iterfind("actions/action"))
    return MetaData(about, frozenset(one.get("name", "") for one in parameters), actions)


def _param(element: "Element") -> Param:
    name = element.get("name", "")
    content = element.find("content")
    kind = _KINDS.get((content.get("type") or "").lower(), ParamKind.STR) if content is not None else ParamKind.STR
    default = (content.get("default") or "") if content is not None else ""
    choices = tuple(one.get("value", "") for one in content.iterfind("option")) if content is not None else ()
    if kind is ParamKind.CHOICE and not choices:
        kind = ParamKind.STR
    if _SECRET.search(name) and kind is ParamKind.STR:
        kind = ParamKind.SECRET
    text = _text(element, "shortdesc") or _text(element, "longdesc")
    made = Param(name, kind, choices=choices, help=text)
    value = None
    if default and kind is not ParamKind.SECRET:
        try:
            value = made.parse(default)
        except ValueError:  # computed on this host, or an example rather than a value
            made, value = Param(name, help=text), default
    is_required = (element.get("required") or "").lower() in _TRUE and value is None
    return Param(name, made.kind, required=is_required, default=value, choices=made.choices, help=text)


def _timeouts(root: "Element") -> Iterator[tuple[str, float]]:
    """Yield each action's advice in seconds; of an action that stands there more than once, the longest."""
    longest: dict[str, float] = {}
    for one in root.iterfind("actions/action"):
        name, time_s = one.get("name"), parse_time(one.get("timeout") or "")
        if name and time_s:
            longest[name] = max(time_s, longest.get(name, 0.0))
    yield from longest.items()


def parse_time(text: str) -> float | None:
    """Return the seconds of ``20``, ``20s``, ``500ms``, ``1m`` ...; None for what is no time."""
    found = _TIME.fullmatch(text.strip())
    return float(found[1]) * _SECONDS.get((found[2] or "s").lower(), 1.0) if found else None


def _text(element: "Element", name: str) -> str:
    found = element.find(name)
    return " ".join("".join(found.itertext()).split()) if found is not None else ""


def _paragraphs(text: str) -> str:
    """Return a long description with its paragraphs kept and its line ends forgotten."""
    parts = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
    return "\n\n".join(part for part in parts if part)


def _tail(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"
