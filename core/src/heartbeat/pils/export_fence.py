"""The metadata of a STONITH device as a fence agent: what Pacemaker, pcs and crmsh read before they use one."""

import inspect
import math
from xml.etree import ElementTree as ET

from heartbeat.pils.export_words import SCRIPT, content_type, default_text, fence_name, help_text, long_text
from heartbeat.plugin.param import Param
from heartbeat.plugin.stonith import StonithDevice

ACTIONS = ("on", "off", "reboot", "status", "list", "list-status", "monitor", "metadata", "validate-all")

POWER_TIMEOUT_S = 20
"""What fence-agents wait by default; a slower device gets twice its declared worst time."""

_UNPROVED = """Say that a host is off although this device cannot be read back, so that nothing proves it. Without it,
off, reboot and monitor refuse: the cluster would start what shares data on a mere hope."""


def power_timeout_s(device: type[StonithDevice]) -> int:
    """Return the default limit for one order with its reading back, seconds."""
    return max(POWER_TIMEOUT_S, math.ceil(2 * device.worst_off_s))


def fence_metadata(device: type[StonithDevice], name: str) -> str:
    """Return the XML; ``name`` is the agent's, ``fence_rps10``."""
    root = ET.Element("resource-agent", name=name, shortdesc=device.title)
    ET.SubElement(root, "longdesc").text = long_text(device, inspect.getdoc(device) or "")
    ET.SubElement(root, "vendor-url").text = device.docs_url
    parameters = ET.SubElement(root, "parameters")
    for word in _own_words(device):
        _add(parameters, **word)
    for param in device.params:
        _add_of_device(parameters, param)
    actions = ET.SubElement(root, "actions")
    for action in ACTIONS:
        ET.SubElement(actions, "action", {"name": action, **({"automatic": "0"} if action == "on" else {})})
    ET.indent(root)
    return f'<?xml version="1.0" ?>\n{ET.tostring(root, encoding="unicode")}\n'


def _own_words(device: type[StonithDevice]) -> list[dict[str, str]]:
    """Return the parameters that every exported agent has, in the order of fence-agents."""
    words = [
        {"name": "action", "help": "What to do.", "default": "reboot", "required": "1"},
        {"name": "plug", "help": "The host, as hostlist or the device names it.", "required": "1", "obsoletes": "port"},
        {"name": "port", "help": "The old name of plug.", "deprecated": "1"},
        {"name": "delay", "type": "second", "help": "Wait so many seconds before off or reboot.", "default": "0"},
        {
            "name": "power_timeout",
            "type": "second",
            "help": "Limit for one order with its reading back, seconds.",
            "default": str(power_timeout_s(device)),
        },
    ]
    if not device.can_read_power:
        unproved = " ".join(_UNPROVED.split())
        words.append({"name": "accept_unproved", "type": "boolean", "help": unproved, "default": "false"})
    return words


def _add_of_device(parameters: ET.Element, param: Param) -> None:
    outside = fence_name(param.name)
    entry = _add(
        parameters,
        outside,
        help_text(param),
        content_type(param, seconds="second", choice="select"),
        default_text(param),
        required="1" if param.required and not param.secret else "0",
    )
    content = entry.find("content")
    assert content is not None
    for choice in param.choices if content.get("type") == "select" else ():
        ET.SubElement(content, "option", value=choice)
    if param.secret:
        _add(
            parameters, f"{outside}{SCRIPT}", f"A program that prints {outside}, so that the cluster need not keep it."
        )


def _add(
    parameters: ET.Element,
    name: str,
    help: str,  # noqa: A002 - the word of the convention
    type: str = "string",  # noqa: A002 - as above
    default: str | None = None,
    required: str = "0",
    **more: str,
) -> ET.Element:
    """Add one ``<parameter>``; ``more`` are attributes such as ``obsoletes``."""
    entry = ET.SubElement(parameters, "parameter", {"name": name, "unique": "0", "required": required, **more})
    value = "" if type == "boolean" else f"=[{name}]"
    ET.SubElement(entry, "getopt", mixed=f"--{name.replace('_', '-')}{value}")
    content = ET.SubElement(entry, "content", type=type)
    if default is not None:
        content.set("default", default)
    ET.SubElement(entry, "shortdesc", lang="en").text = help
    return entry
