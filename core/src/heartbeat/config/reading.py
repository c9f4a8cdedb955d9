"""What every part of reading the files needs beside their text."""

from dataclasses import dataclass

from heartbeat.config.facts import HostFacts
from heartbeat.config.finding import Findings
from heartbeat.model.names import NodeName
from heartbeat.plugin.registry import Registry


@dataclass(slots=True)
class Reading:
    """One reading of the three files: who asks, on which host, and what was found so far."""

    registry: Registry
    facts: HostFacts
    found: Findings
    nodes: tuple[NodeName, ...] = ()
    me: NodeName | None = None
    """The node as which the files are read; None when that could not be told."""
    own: bool = True
    """This host is that node: its interfaces, users and programs are judged, too."""
