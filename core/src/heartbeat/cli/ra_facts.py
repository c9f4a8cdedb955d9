"""What ``hb ra list`` and ``hb ra info`` tell, with the stable keys of their ``--json``."""

import contextlib
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from heartbeat.cli.asking import say_no
from heartbeat.cli.plugin_facts import about_param, facts_of
from heartbeat.cli.plugin_name import find_named
from heartbeat.cli.plugin_page import facts_page, param_lines
from heartbeat.cli.table import printable, table
from heartbeat.config.well_known import shares_data
from heartbeat.model.duration import show_duration
from heartbeat.plugin.errors import PluginError
from heartbeat.plugin.param import Params
from heartbeat.plugin.ra import ResourceAgent

if TYPE_CHECKING:
    from heartbeat.pils.announcement import Announcement
    from heartbeat.pils.registry import PluginRegistry
    from heartbeat.plugin.catalogue import Catalogue, CatalogueEntry
    from heartbeat.plugin.param import Param

Facts = dict[str, Any]

_WIDTH = 100
_LIMITS = ("start", "stop", "monitor")
_SHARES = {
    True: "yes: a group with it is taken over only from a node that is proved off",
    False: "no",
    None: "nobody knows, so it counts as sharing; `shares_data {name} no` in ha.cf says otherwise",
}


def agents(registry: "PluginRegistry") -> list[dict[str, str]]:
    """Return all agents: plugins first, then what catalogues found, in the order in which a word is looked up."""
    plugins = [
        {
            "name": it.name,
            "driver": it.name,
            "distribution": it.distribution,
            "title": _summary(it.entry_point.dist),
            "path": "",
            "shadowed_by": "",
        }
        for it in registry.announced("ra")
    ]
    found = [entry for it in registry.catalogues() for entry in it.entries() if entry.kind == "ra"]
    first: dict[str, str] = {it["name"]: f"the plugin {it['name']}" for it in plugins}
    types = []
    for entry in sorted(found, key=lambda entry: (entry.rank, entry.name)):
        types.append(
            {
                "name": entry.name,
                "driver": entry.driver,
                "distribution": "",
                "title": "",
                "path": entry.origin,
                "shadowed_by": first.get(entry.name, ""),
            }
        )
        first.setdefault(entry.name, entry.origin)
    return plugins + types


def agents_page(found: list[dict[str, str]]) -> list[str]:
    """Return a line per agent."""
    if not found:
        return ["no resource agent is installed; `pip install heartbeat-ra-...` brings one"]
    rows = []
    for it in found:
        behind = f" (not run: {it['shadowed_by']} comes first)" if it["shadowed_by"] else ""
        rows.append((it["name"], it["distribution"] or it["driver"], (it["title"] or it["path"]) + behind))
    return table(rows, ("NAME", "RUN BY", "WHAT OR WHERE"))


def facts_of_agent(registry: "PluginRegistry", word: str) -> Facts:
    """Return the facts of one agent, whatever it is. Ends the command with 1 when there is none or it cannot tell."""
    found = find_named(registry, word if word.startswith("ra:") else f"ra:{word}")
    if isinstance(found, tuple):
        return _of_type(*found)
    facts = facts_of(registry, found)
    abilities = facts["capabilities"]
    facts["timeouts_s"] = {action: abilities[f"{action}_timeout_s"] for action in _LIMITS}
    facts["shares_data"] = _said(registry, found)
    facts["driver"] = found.name
    facts["path"] = ""
    return facts


def _said(registry: "PluginRegistry", announced: "Announcement") -> bool | None:
    """Return what the plugin says about sharing data when only its defaults are given, else what the table says."""
    agent = registry.load_announced(announced)
    assert issubclass(agent, ResourceAgent)
    told: bool | None = None
    with contextlib.suppress(Exception):  # it may need what it was not given
        told = agent.shares_data(Params({param.name: param.default for param in agent.params}))
    return shares_data(announced.name) if told is None else told


def info_page(facts: Facts) -> list[str]:
    """Return the page of one agent."""
    name = facts["name"]
    told = _SHARES[facts["shares_data"]].format(name=name)
    about = table([("shares data", told), ("time limits", _limits(facts["timeouts_s"]))])
    if not facts["path"]:
        return [*facts_page(facts), "", *about, f"by hand: {_by_hand(name, facts['params'])}"]
    lines = [printable(f"{name}  {facts['title']}".rstrip()), f"{facts['path']}, run by the plugin {facts['driver']}"]
    for paragraph in facts["description"].split("\n\n") if facts["description"] else ():
        lines += ["", *textwrap.wrap(printable(paragraph), _WIDTH, initial_indent="  ", subsequent_indent="  ")]
    if facts["params"]:
        lines += ["", "parameters", *(f"  {line}" for line in param_lines(facts["params"]))]
    lines += ["", *about, f"haresources: {facts['example']['line']}"]
    return [*lines, f"by hand: {_by_hand(name, facts['params'])}"]


def _of_type(catalogue: "Catalogue", entry: "CatalogueEntry") -> Facts:
    try:
        about = catalogue.about(entry)
    except PluginError as problem:
        say_no(f"{entry.name} cannot describe itself: {problem}")
    except Exception as problem:  # noqa: BLE001 - whatever a catalogue or the type does wrong is the answer
        say_no(f"{entry.name} ({entry.origin}) cannot describe itself: {type(problem).__name__}: {problem}")
    return {
        "kind": entry.kind,
        "name": entry.name,
        "driver": entry.driver,
        "driver_params": entry.params,
        "path": entry.origin,
        "title": about.title,
        "description": about.text,
        "params": [about_param(param) for param in about.params],
        "timeouts_s": dict(about.timeouts_s),
        "shares_data": shares_data(entry.name),
        "example": {"file": "haresources", "line": f"node1 {_word(entry.name, about.params)}"},
    }


def _word(name: str, params: "tuple[Param, ...]") -> str:
    """Return the shortest word of haresources: what is required stands in it."""
    return "::".join([name, *(f"{it.name}={it.example or it.name.upper()}" for it in params if it.required)])


def _by_hand(name: str, params: list[Facts]) -> str:
    needed = [f"{it['name']}={it['example'] or it['name'].upper()}" for it in params if it["required"]]
    quoted = [f"'{text}'" if " " in text else text for text in needed]
    return " ".join(["hb ra run", name, "monitor", *quoted])


def _limits(timeouts_s: Mapping[str, float]) -> str:
    if not timeouts_s:
        return "those of the plugin that runs it"
    return ", ".join(f"{action} {show_duration(limit_s)}" for action, limit_s in timeouts_s.items())


def _summary(dist: Any) -> str:
    """Return a distribution's one line about itself, from its metadata."""
    return str(dist.metadata.get("Summary", "")) if dist is not None else ""
