"""The Markdown table of a plugin's parameters, made from its declarations, and its place in a README.

In a README the table stands between two marks, which no reader sees:

    <!-- parameters of stonith:acme -->
    ...
    <!-- end of parameters -->
"""

import re
from collections.abc import Mapping

from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.param import Param, ParamKind, Value
from heartbeat.plugin.secret import Secret

_MARKED = re.compile(r"(<!-- parameters of ([^\n>]+?) -->\n).*?(<!-- end of parameters -->)", re.DOTALL)
_UNMARKED = re.compile(r"^\| parameter \| what \| default \|.*\n(?:\|.*\n)+", re.MULTILINE)
"""A table that was pasted, as the kit once printed it."""


def parameter_table(plugin: type[Plugin]) -> str:
    """Return the Markdown table of all parameters, in their order; empty for a plugin without any."""
    if not plugin.params:
        return ""
    rows = ["| parameter | what | default | example | meaning |", "|---|---|---|---|---|"]
    return "\n".join([*rows, *(_row(param) for param in plugin.params)]) + "\n"


def with_tables(readme: str, tables: Mapping[str, str]) -> str:
    """Return a README with the tables as they are declared now; ``tables`` maps ``kind:name`` to each.

    A table goes between its marks, else where a pasted one stands when there is one only, else to the end. Several
    names between one pair of marks (``comm:bcast comm:udp``) share the table of the first.
    """
    marked: set[str] = set()

    def renewed(found: re.Match[str]) -> str:
        names = found[2].split()
        marked.update(names)
        table = next((tables[name] for name in names if name in tables), None)
        return found[0] if table is None else f"{found[1]}\n{table}\n{found[3]}"

    text = _MARKED.sub(renewed, readme)
    left: dict[str, list[str]] = {}
    for name, table in tables.items():
        if table and name not in marked and table not in text:
            left.setdefault(table, []).append(name)
    for table, names in left.items():
        block = f"<!-- parameters of {' '.join(names)} -->\n\n{table}\n<!-- end of parameters -->\n"
        if len(left) == 1 and len(_UNMARKED.findall(text)) == 1 and not marked:
            before, _, after = _split(text)
            text = f"{before}{block}{after}"
        else:
            title = "## Parameters" if len(tables) == len(names) else f"## Parameters of {', '.join(names)}"
            text = f"{text.rstrip()}\n\n{title}\n\n{block}"
    return text


def _split(text: str) -> tuple[str, str, str]:
    """Return what stands before the pasted table, the table, and what stands after it."""
    found = _UNMARKED.search(text)
    assert found is not None
    return text[: found.start()], found[0], text[found.end() :]


def _row(param: Param) -> str:
    names = ", ".join(f"`{name}`" for name in (param.name, *param.aliases))
    example = f"`{param.example}`" if param.example else ""
    cells = (names, nature(param), _default(param), example, param.help)
    return f"| {' | '.join(' '.join(cell.replace('|', chr(92) + '|').split()) for cell in cells)} |"


def nature(param: Param) -> str:
    """Return what a parameter is: its kind, unit and bounds."""
    low, high = param.minimum, param.maximum
    what = [" / ".join(param.choices) or param.kind.value]
    unit = "s" if param.kind is ParamKind.SECONDS else param.unit
    what += [unit] if unit else []
    if low is not None and high is not None:
        what.append(f"{low:g} to {high:g}")
    elif low is not None:
        what.append(f"at least {low:g}")
    elif high is not None:
        what.append(f"at most {high:g}")
    return ", ".join(what)


def _default(param: Param) -> str:
    if param.required:
        return "required"
    if param.default is None or isinstance(param.default, Secret):
        return f"`{param.setting}` of ha.cf" if param.setting else ""
    return f"`{as_text(param.default)}`"


def as_text(value: Value) -> str:
    """Return a parameter's value as an administrator would write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ",".join(f"{host}={outlet}" for host, outlet in value.items())
    if isinstance(value, tuple):
        return " ".join(value)
    return str(value)
