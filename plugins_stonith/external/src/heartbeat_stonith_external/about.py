"""What a script says about itself: the names of its parameters in their order, and what each is for."""

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING

from heartbeat.plugin import NotInstalled, Param, ParamKind, PluginError
from heartbeat.plugin.catalogue import TypeDescription, unfit

from heartbeat_stonith_external.script import Script, is_secret

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TIMEOUT_S = 10.0
"""For one question; a script of cluster-glue needs some hundredths of a second."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def ask(path: Path) -> TypeDescription:
    """Ask a script, without any parameters; the answers are kept as long as the file does not change.

    ``getconfignames`` counts; a description that is missing or no XML costs its helps and defaults alone. Raises
    PluginError.
    """
    if problem := unfit(path, "script"):
        raise NotInstalled(problem)
    return _asked(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _asked(path: Path, _changed_ns: int) -> TypeDescription:
    script = Script(path, {}, TIMEOUT_S)
    required = tuple(script.do("getconfignames", error=PluginError).split())
    if strange := next((name for name in required if not _VARIABLE.fullmatch(name)), None):
        raise PluginError(f"{script.name} getconfignames: {strange!r} can be no parameter's name")
    told = script.run("getinfo-devdescr")
    lines = [line.strip() for line in told.stdout.splitlines() if line.strip()] if told.code == 0 else []
    described = script.run("getinfo-xml")
    elements = parse_xml(described.stdout) if described.code == 0 else {}
    names = [*required, *(name for name in elements if name not in required)]
    return TypeDescription(
        title=lines[0] if lines else script.name,
        text="\n".join(lines),
        params=tuple(_param(name, elements.get(name), is_required=name in required) for name in names),
        positional=required,
        extra_params=True,  # as always: what is given by name reaches the script
    )


def parse_xml(text: str) -> "dict[str, Element]":
    """Return the parameters that ``getinfo-xml`` tells of, by name; none when it is no XML."""
    from xml.etree import ElementTree as ET

    found = re.search(r"<parameters\b.*</parameters\s*>", text, re.DOTALL)
    try:
        # Without a DOCTYPE there are no entities but XML's own, so nothing can expand without bounds.
        root = ET.fromstring(found[0]) if found else None  # noqa: S314
    except ET.ParseError:
        return {}
    parameters = root.iterfind("parameter") if root is not None else ()
    return {name: one for one in parameters if _VARIABLE.fullmatch(name := one.get("name", ""))}


def _param(name: str, element: "Element | None", *, is_required: bool) -> Param:
    """Return a parameter. All are texts: a script checks its own, and takes what our kinds would not."""
    kind = ParamKind.SECRET if is_secret(name) else ParamKind.STR
    if element is None:
        return Param(name, kind, required=is_required)
    content = element.find("content")
    default = content.get("default") if content is not None and kind is ParamKind.STR else None
    text = " ".join((element.findtext("longdesc") or element.findtext("shortdesc") or "").split())
    return Param(name, kind, required=is_required, default=default or None, help=text)
