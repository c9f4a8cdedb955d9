"""What a person means by a word: the subject of decisions, or the nearest one."""

import difflib
from collections.abc import Sequence

from heartbeat.journal.query import Journal
from heartbeat.model.status import ClusterStatus

_GUESSES = ("group", "node", "link", "device")
"""Kinds tried, in this order, for a name that stands alone."""


def find_subject(
    words: Sequence[str], journal: Journal | None, status: ClusterStatus | None
) -> tuple[str | None, list[str]]:
    """Return the subject that the words name, or None and the nearest ones that there are.

    ``["node", "node1"]`` names ``node node1``; ``["10.0.0.1"]`` names ``group 10.0.0.1``. Node names know no case.
    """
    known = _known(journal, status)
    spelled = {subject.lower() if subject.startswith("node ") else subject: subject for subject in known}
    said = " ".join(words)
    for candidate in (*(f"{kind} {said}" for kind in _GUESSES), said):
        folded = candidate.lower() if candidate.lower().startswith("node ") else candidate
        if folded in spelled:
            return spelled[folded], []
    return None, _near(said, known)


def _known(journal: Journal | None, status: ClusterStatus | None) -> list[str]:
    known = dict.fromkeys([] if journal is None else journal.subjects())
    if status is not None:
        known |= dict.fromkeys(f"group {group.name}" for group in status.groups)
        known |= dict.fromkeys(f"node {node.name}" for node in status.nodes)
    return list(known)


def _near(said: str, known: list[str]) -> list[str]:
    by_name = {subject.partition(" ")[2] or subject: subject for subject in known}
    name = said.partition(" ")[2] or said
    return [by_name[near] for near in difflib.get_close_matches(name, by_name, 2)]
