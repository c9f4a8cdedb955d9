"""The meta-data of a resource agent as an OCF agent, valid against ra-api-1.dtd."""

import inspect
from xml.etree import ElementTree as ET

from heartbeat.pils.export_words import content_type, default_text, help_text, long_text
from heartbeat.plugin.param import Params
from heartbeat.plugin.ra import ResourceAgent

MONITOR_EVERY_S = 10
"""The interval that resource-agents advise for most of theirs."""
QUICK_S = 5
"""Limit of what touches no service: meta-data and validate-all."""


def has_roles(agent: type[ResourceAgent]) -> bool:
    """Can it be promoted?"""
    return agent.promote is not ResourceAgent.promote and agent.demote is not ResourceAgent.demote


def has_notify(agent: type[ResourceAgent]) -> bool:
    return agent.notify is not ResourceAgent.notify


def ocf_metadata(agent: type[ResourceAgent], name: str, version: str) -> str:
    """Return the XML; ``name`` is the agent's type, ``version`` that of the distribution."""
    root = ET.Element("resource-agent", name=name, version=version)
    ET.SubElement(root, "version").text = "1.0"  # of the OCF resource agent API
    ET.SubElement(root, "longdesc", lang="en").text = long_text(agent, inspect.getdoc(agent) or "")
    ET.SubElement(root, "shortdesc", lang="en").text = agent.title
    parameters = ET.SubElement(root, "parameters")
    for param in agent.params:
        entry = ET.SubElement(
            parameters, "parameter", name=param.name, required="1" if param.required else "0", unique="0"
        )
        ET.SubElement(entry, "longdesc", lang="en").text = help_text(param)
        ET.SubElement(entry, "shortdesc", lang="en").text = param.name.replace("_", " ")
        content = ET.SubElement(entry, "content", type=content_type(param, seconds="string", choice="string"))
        if (default := default_text(param)) is not None:
            content.set("default", default)
    actions = ET.SubElement(root, "actions")
    for action in _actions(agent):
        ET.SubElement(actions, "action", action)
    ET.indent(root)
    doctype = '<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">'
    return f'<?xml version="1.0"?>\n{doctype}\n{ET.tostring(root, encoding="unicode")}\n'


def _actions(agent: type[ResourceAgent]) -> list[dict[str, str]]:
    """Return the actions with the limits that the class declares; those of one resource may be longer."""
    limits_s = agent.timeouts_s(Params({param.name: param.default for param in agent.params}))
    start, stop, monitor = (f"{limits_s[name]:g}s" for name in ("start", "stop", "monitor"))
    every = {"timeout": monitor, "depth": "0"}
    found = [{"name": "start", "timeout": start}, {"name": "stop", "timeout": stop}]
    if has_roles(agent):
        found += [
            {"name": "promote", "timeout": start},
            {"name": "demote", "timeout": stop},
            # Two intervals: Pacemaker tells recurring actions of one name apart by them.
            {"name": "monitor", **every, "interval": f"{MONITOR_EVERY_S}s", "role": "Unpromoted"},
            {"name": "monitor", **every, "interval": f"{MONITOR_EVERY_S - 1}s", "role": "Promoted"},
        ]
    else:
        found.append({"name": "monitor", **every, "interval": f"{MONITOR_EVERY_S}s"})
    if has_notify(agent):
        found.append({"name": "notify", "timeout": f"{QUICK_S}s"})
    found += [{"name": name, "timeout": f"{QUICK_S}s"} for name in ("meta-data", "validate-all")]
    return found
