"""The nodes of the cluster, and which of them this host is."""

import re
from collections.abc import Sequence
from pathlib import Path

from heartbeat.config import codes
from heartbeat.config.finding import Findings, Place
from heartbeat.config.hacf import HaCf
from heartbeat.config.reading import Reading
from heartbeat.config.source import Word, read_source
from heartbeat.model.names import NodeName, node_name

NODES_MAX = 100
"""As in heartbeat 3.0.6."""


def read_nodes(hacf: HaCf, found: Findings) -> tuple[NodeName, ...]:
    """Return the names of all ``node`` lines, sorted and in lower case."""
    seen: dict[NodeName, Word] = {}
    for word in hacf.words("node"):
        try:
            name = node_name(word.text)
        except ValueError as wrong:
            mend = "write the name that the host itself has"
            parts = [part for part in re.split("[,=]", word.text) if _is_name(part)]
            if re.search("[,=]", word.text):
                mend = "write " + (" ".join(parts) or "names with blanks between") + ", without , or ="
            found.add(codes.BAD_NODE_NAME, word.place, str(wrong), mend=mend)
            hacf.wrong.add("node")
            # It is an error in any case; the rest of the files is judged as if the names had been right.
            seen.update({node_name(part): word for part in parts if node_name(part) not in seen})
            continue
        note_case(word, name, found)
        if name in seen:
            message = f"{name} is named already in line {seen[name].place.line}"
            found.add(codes.NODE_TWICE, word.place, message, mend="delete one")
        seen.setdefault(name, word)
    whole = Place("ha.cf")
    if not seen and hacf.source is not None:
        found.add(
            codes.NO_NODE, whole, "no line names the nodes", expected="node NAME NAME", mend="add: node NAME NAME"
        )
    elif len(seen) == 1 and "node" not in hacf.wrong:
        found.add(codes.LONE_NODE, whole, "the cluster has one node: nobody can take over", mend="name the others")
    elif len(seen) > NODES_MAX:
        message = f"the cluster has {len(seen)} nodes"
        found.add(
            codes.TOO_MANY_NODES, whole, message, expected=f"at most {NODES_MAX}, as in heartbeat 3", mend="delete some"
        )
    return tuple(sorted(seen)[:NODES_MAX])


def _is_name(text: str) -> bool:
    try:
        return bool(node_name(text))
    except ValueError:
        return False


def note_case(word: Word, name: NodeName, found: Findings) -> None:
    """Say once per spelling that capitals do not count."""
    if word.text != name:
        found.add(
            codes.CASE,
            word.place,
            f"{word.text} is {name}: capitals do not count (in the heartbeat of 2004 they did)",
            mend=f"write {name}",
        )


def find_node(word: Word, nodes: Sequence[NodeName], found: Findings) -> NodeName | None:
    """Return the node that a word means, or None when it means none."""
    name = NodeName(word.text.lower())
    if name not in nodes:
        return None
    note_case(word, name, found)
    return name


def own_node(reading: Reading, config: Path, *, node: str | None = None, needed: bool = True) -> NodeName | None:
    """Return which node this host is: the argument, else ``nodeinfo`` beside ha.cf, else the host's name.

    When it is none of them and not ``needed``, the first node's view is taken and noted.
    """
    nodes, found = reading.nodes, reading.found
    name, origin, place = _called(config, reading.facts.hostname, node, found)
    canonical = NodeName(name.lower())
    if canonical in nodes or not nodes:
        return canonical if nodes else None
    if not needed and node is None:
        message = f"this host ({canonical}) is none of the nodes: the files are read as {nodes[0]} would read them"
        found.add(codes.OTHER_NODES_EYES, place, message, mend="choose another with --node NAME")
        return nodes[0]
    short = canonical.partition(".")[0]
    near = short if short in nodes else found.nearest(canonical, lambda: nodes)
    found.add(
        codes.NOT_A_MEMBER,
        place,
        f"this host is {canonical!r} by {origin}, which no node line names",
        expected="one of " + ", ".join(nodes),
        nearest=near,
        mend=f"name it in a node line, or write {near or 'its node name'} into {config / 'nodeinfo'}",
    )
    return None


def _called(config: Path, hostname: str, node: str | None, found: Findings) -> tuple[str, str, Place]:
    """Return the host's name in the cluster, where the name comes from, and where to point."""
    if node is not None:
        return node, "--node", Place("ha.cf")
    nodeinfo = config / "nodeinfo"
    if _is_there(nodeinfo):
        source = read_source(nodeinfo, found)
        numbers = range(1, len(source.lines) + 1) if source else ()
        for words in (source.words(number) for number in numbers if source):
            if words and not words[0].text.startswith("#"):
                return words[0].text, "nodeinfo", words[0].place
    return hostname, "its host name", Place("ha.cf")


def _is_there(path: Path) -> bool:
    """False also when the folder cannot be searched: ha.cf beside it then says so."""
    try:
        return path.exists()
    except OSError:
        return False
