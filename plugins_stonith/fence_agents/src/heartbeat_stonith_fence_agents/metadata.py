"""An agent's meta-data: which parameters it has under which names, and which actions."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from heartbeat.plugin import NotInstalled, Param, ParamKind, PluginError
from heartbeat.plugin.catalogue import TypeDescription, unfit

from heartbeat_stonith_fence_agents.program import ENVIRONMENT

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TIMEOUT_S = 10.0
"""For ``metadata``; an agent of fence-agents 4.12 needs some hundredths of a second."""
KEPT_BYTES = 512 * 1024
PLUG_NAMES = ("plug", "port")
"""Parameters that say which machine is meant, the new name first."""
NODE_NAME = "nodename"
"""What agents without plugs have in their place; others take it, and mean nothing by it."""
OURS = frozenset({"action", "option", "separator", "help", "version", "verbose", NODE_NAME})
"""What the driver says itself, or what would have an agent do something else; cluster-glue leaves the same out."""

_KINDS = {"integer": ParamKind.INT, "boolean": ParamKind.BOOL, "select": ParamKind.CHOICE}
_SECRET = re.compile(r"passw(?!.*script)|secret(?!.*file)|token|community|api_?key|_kg$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Agent:
    """What an agent says about itself."""

    about: TypeDescription
    actions: frozenset[str]
    plug: str
    """Its parameter for the machine that is meant, which the driver fills in; empty: it has none."""
    is_plug_required: bool
    """True for a device with several machines; others have such a parameter for other reasons, or none."""


def ask(path: Path) -> Agent:
    """Run the agent's ``metadata``; the answer is kept as long as the file does not change. Raises PluginError."""
    if problem := unfit(path, "agent"):
        raise NotInstalled(problem)
    return _asked(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _asked(path: Path, _changed_ns: int) -> Agent:
    from heartbeat.plugin.program import run_program

    ended = run_program([str(path), "-o", "metadata"], ENVIRONMENT, timeout_s=TIMEOUT_S, kept_bytes=KEPT_BYTES)
    if ended.code != 0:
        raise PluginError(f"{path} -o metadata ended with exit status {ended.code}")
    try:
        return parse(ended.stdout)
    except ValueError as wrong:
        raise PluginError(f"{path} -o metadata: {wrong}") from None


def parse(text: str) -> Agent:
    """Read meta-data, whatever stands before and after it. Raises ValueError when there is none, or it is no XML."""
    from xml.etree import ElementTree as ET

    found = re.search(r"<resource-agent\b.*</resource-agent\s*>", text, re.DOTALL)
    if not found:
        raise ValueError("no <resource-agent> in what it printed")
    try:
        # Without a DOCTYPE there are no entities but XML's own, so nothing can expand without bounds.
        root = ET.fromstring(found[0])  # noqa: S314
    except ET.ParseError as wrong:
        raise ValueError(f"no valid XML ({wrong})") from None
    elements = {name: one for one in root.iterfind("parameters/parameter") if (name := one.get("name"))}
    plug = next((name for name in (*PLUG_NAMES, NODE_NAME) if name in elements), "")
    params = tuple(_params(elements))
    about = TypeDescription(
        title=" ".join((root.get("shortdesc") or "").split()),
        text=" ".join((root.findtext("longdesc") or "").split()),
        params=params,
        positional=tuple(param.name for param in params),
    )
    actions = frozenset(one.get("name", "") for one in root.iterfind("actions/action"))
    is_required = bool(plug) and (elements[plug].get("required") == "1" or plug == NODE_NAME)
    return Agent(about, actions, plug, is_required)


def _params(elements: "dict[str, Element]") -> Iterator[Param]:
    """Yield each parameter once, under its new name; an old one (``obsoletes``) is another spelling of it."""
    renamed = {old: name for name, one in elements.items() if (old := one.get("obsoletes")) in elements}
    for name, one in elements.items():
        if name not in renamed and name not in OURS:
            yield _param(name, one, tuple(old for old, new in renamed.items() if new == name))


def _param(name: str, element: "Element", aliases: tuple[str, ...]) -> Param:
    content = element.find("content")
    default = content.get("default") if content is not None else None
    choices = tuple(one.get("value", "") for one in content.iterfind("option")) if content is not None else ()
    kind = _KINDS.get((content.get("type") or "") if content is not None else "", ParamKind.STR)
    if kind is ParamKind.CHOICE and not choices:
        kind = ParamKind.STR
    if kind is ParamKind.STR and _SECRET.search(name):
        kind = ParamKind.SECRET
    text = " ".join((element.findtext("shortdesc") or "").split())
    made = Param(name, kind, choices=choices, help=text, aliases=aliases)
    value = None
    if default and kind is not ParamKind.SECRET:
        try:
            value = made.parse(default)
        except ValueError:  # an example rather than a value
            made, value = Param(name, help=text, aliases=aliases), default
    is_required = element.get("required") == "1" and default is None and name not in PLUG_NAMES
    return Param(name, made.kind, required=is_required, default=value, choices=made.choices, help=text, aliases=aliases)
