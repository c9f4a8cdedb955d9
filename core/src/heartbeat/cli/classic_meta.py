"""What the old ``stonith -m`` and ``stonith -h`` tell of a device type, made from its declarations."""

import inspect
from xml.sax.saxutils import escape, quoteattr

from heartbeat.plugin.param import Param, ParamKind
from heartbeat.plugin.stonith import StonithDevice
from heartbeat.testing.declaration import as_text

_TYPES = {ParamKind.INT: "integer", ParamKind.PORT: "integer", ParamKind.BOOL: "boolean"}
"""Content types of the OCF meta-data; everything else is a string there."""


def meta_data(type_: str, device: type[StonithDevice]) -> str:
    """Return the XML that lrmd and Pacemaker read: the OCF resource agent's meta-data (ra-api-1.dtd)."""
    about = escape(inspect.getdoc(device) or device.title)
    lines = [
        '<?xml version="1.0"?>',
        '<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">',
        f"<resource-agent name={quoteattr(type_)}>",
        "<version>1.0</version>",
        f'<longdesc lang="en">\n{about}\n</longdesc>',
        f'<shortdesc lang="en">{escape(device.title)}</shortdesc>',
        "<parameters>",
        *(line for param in device.params for line in _parameter(param)),
        "</parameters>",
        "<actions>",
        *(f"<action name={quoteattr(name)} timeout={quoteattr(seconds)} />" for name, seconds in _ACTIONS),
        "</actions>",
        '<special tag="heartbeat">\n<version>2.0</version>\n</special>',
        "</resource-agent>",
    ]
    return "\n".join(lines)


_ACTIONS = (("start", "20"), ("stop", "15"), ("status", "20"), ("monitor", "20"), ("meta-data", "15"))
"""Seconds, as cluster-glue 1.0.12 prints them."""


def _parameter(param: Param) -> list[str]:
    required = "1" if param.required else "0"
    default = ""
    if param.default is not None and not param.secret:
        default = f" default={quoteattr(as_text(param.default))}"
    return [
        f'<parameter name={quoteattr(param.name)} unique="0" required="{required}">',
        f'<content type="{_TYPES.get(param.kind, "string")}"{default} />',
        f'<shortdesc lang="en">{escape(param.name)}</shortdesc>',
        f'<longdesc lang="en">{escape(param.help)}</longdesc>',
        "</parameter>",
    ]


def help_page(type_: str, device: type[StonithDevice]) -> str:
    """Return the help of one type."""
    names = list(device.positional) or [param.name for param in device.params if param.required]
    helps = {param.name: param.help for param in device.params}
    return "\n".join(
        [
            f"STONITH Device: {type_} - {device.title}",
            f"List of valid parameter names for {type_} STONITH device:",
            *(f"\t{name}\t{helps.get(name, '')}" for name in names),
            "With -p, and in the file of -F, their values stand in this order with blanks between; the last one takes",
            "the rest of the line. In the file, lines that begin with # are comments.",
            f"`hb stonith info {type_}` tells more.",
        ]
    )
