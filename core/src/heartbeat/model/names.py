"""Names of nodes, groups, resources and links, and the rules they obey."""

import re
from typing import NewType

NodeName = NewType("NodeName", str)
"""A node's name in lower case; two spellings that differ in case only are one node."""

Nid = NewType("Nid", int)
"""Index of a node in the sorted list of node names; the same on every node that has the same list."""

GroupName = NewType("GroupName", str)
"""A resource group is named by the first resource of its haresources line, which is unique in the file."""

_NODE_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?\Z")


def node_name(text: str) -> NodeName:
    """Return the canonical form of a node's name as an administrator wrote it.

    Raises ValueError when the text is no host name (RFC 1123: letters, digits, ``.``, ``-``; we allow ``_``).
    """
    name = text.lower()
    if not _NODE_NAME.match(name):
        raise ValueError(f"{text!r} is not a node name: letters, digits, '.', '-' and '_', at most 64")
    return NodeName(name)
