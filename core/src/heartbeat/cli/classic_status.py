"""``cl_status``: the verbs that still mean something, with the old words and exit codes."""

from collections.abc import Sequence

import click

from heartbeat.client import NoDaemon, Refused, connect
from heartbeat.model.places import places
from heartbeat.model.status import ClusterStatus, NodeStatus

GOOD, NORMAL_FAILURE, BAD_PARAMETER, OTHER = 0, 1, 11, 13

USAGE = """\
usage: cl_status hbstatus | listnodes | rscstatus
       cl_status nodestatus NODE | nodetype NODE | listhblinks NODE | hblinkstatus NODE LINK"""

_MOVING = ("starting", "stopping", "waiting", "unknown")


class Unknown(Exception):
    """A node, link or verb that is not there."""


def main(argv: Sequence[str]) -> int:
    """Answer one verb; return the exit code."""
    words = [word for word in argv if not word.startswith("-")]
    if not words:
        click.echo(USAGE, err=True)
        return BAD_PARAMETER
    try:
        with connect(places().api_socket) as client:
            now = client.status()
    except NoDaemon as error:
        if words[0] == "hbstatus":
            click.echo("Heartbeat is stopped on this machine.")
            return NORMAL_FAILURE
        click.echo(f"cl_status: {error}", err=True)
        return OTHER
    except Refused as error:
        click.echo(f"cl_status: {error}", err=True)
        return OTHER
    try:
        text, code = _answered(now, words)
    except Unknown as wrong:
        click.echo(f"cl_status: {wrong}\n{USAGE}", err=True)
        return BAD_PARAMETER
    click.echo(text)
    return code


def _answered(now: ClusterStatus, words: Sequence[str]) -> tuple[str, int]:
    match list(words):
        case ["hbstatus"]:
            return "Heartbeat is running on this machine.", GOOD
        case ["listnodes"]:
            return "\n".join(node.name for node in now.nodes), GOOD
        case ["nodestatus", name]:
            alive = _node(now, name).state in ("member", "joining", "one-way")
            return ("active", GOOD) if alive else ("dead", NORMAL_FAILURE)
        case ["nodetype", name]:
            _node(now, name)
            return "normal", GOOD
        case ["listhblinks", name]:
            return "\n".join(f"\t{link.name}" for link in _node(now, name).links), GOOD
        case ["hblinkstatus", name, link]:
            return _link(_node(now, name), link)
        case ["rscstatus"]:
            return held(now), GOOD
    raise Unknown(f"{' '.join(words)} is no question that can be answered")


def held(now: ClusterStatus) -> str:
    """Return what this node holds: none, local (its own groups), foreign, all; or that something moves."""
    if any(group.state in _MOVING for group in now.groups):
        return "transition"
    mine = [group for group in now.groups if group.state == "running" and group.node == now.node]
    local, foreign = (any((group.home == now.node) == at_home for group in mine) for at_home in (True, False))
    return "all" if local and foreign else "local" if local else "foreign" if foreign else "none"


def _node(now: ClusterStatus, name: str) -> NodeStatus:
    found = next((node for node in now.nodes if node.name == name.lower()), None)
    if found is None:
        raise Unknown(f"{name} is no node of this cluster")
    return found


def _link(node: NodeStatus, name: str) -> tuple[str, int]:
    """The old command named links by their interface alone; that and our full name are both taken."""
    found = next((link for link in node.links if name in (link.name, link.name.partition("/")[2])), None)
    if found is None:
        raise Unknown(f"{node.name} has no link {name}")
    return ("up", GOOD) if found.state in ("up", "late") else ("dead", NORMAL_FAILURE)
