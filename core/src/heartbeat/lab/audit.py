"""What must be true of a cluster in a lab, whatever happened to it: an audit returns sentences, none when all is well.

``kept`` may be asked at any moment; ``whole`` only when every trouble has ended and the cluster has had time.
"""

import sqlite3
from collections.abc import Iterator, Sequence

from heartbeat.client import NoDaemon, connect
from heartbeat.lab.lab import Lab
from heartbeat.lab.oracle import Oracle
from heartbeat.model.status import ClusterStatus


def kept(lab: Lab, oracle: Oracle, stateless: Sequence[str] = ()) -> list[str]:
    """Return every broken promise so far, and every sign of a program that failed in a way nobody planned."""
    return [*oracle.broken(stateless), *_failures(lab)]


def whole(lab: Lab, oracle: Oracle) -> list[str]:
    """Return what keeps the cluster from being as it was: one view of all, every group on exactly one node."""
    try:
        said = {node: status(lab, node) for node in lab.plan.nodes}
    except (NoDaemon, OSError) as wrong:
        return [str(wrong)]
    views = {each.view for each in said.values()}
    if len(views) != 1:
        return [
            f"the nodes are in different views: {', '.join(f'{node} in {each.view}' for node, each in said.items())}"
        ]
    found = [
        f"{node} sees {other.name} as {other.state}"
        for node, each in said.items()
        for other in each.nodes
        if other.state != "member"
    ]
    for groups in zip(*(each.groups for each in said.values()), strict=True):
        found += _one_holder(groups[0].name, {(group.state, group.node) for group in groups})
    if found:
        return found
    return [
        f"{service.address} is answered by {', '.join(sorted(holders)) or 'nobody'}"
        for service in lab.plan.services
        if len(holders := oracle.answering(service.address)) != 1
    ]


def _one_holder(group: str, seen: set[tuple[str, str]]) -> list[str]:
    if len(seen) == 1 and next(iter(seen))[0] == "running":
        return []
    return [f"group {group} is {' or '.join(sorted(f'{state} {node}'.strip() for state, node in seen))}"]


def sound(lab: Lab) -> list[str]:
    """Return which databases of state and journal are damaged: no crash at any moment may do that."""
    found = []
    for node in lab.plan.nodes:
        for name in ("state.db", "journal.db"):
            path = lab.disk(node) / "state" / name
            if not path.exists():
                continue
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
                (told,) = database.execute("pragma integrity_check").fetchone()
            database.close()
            if told != "ok":
                found.append(f"{name} of {node} is damaged: {told}")
    return found


def status(lab: Lab, node: str) -> ClusterStatus:
    """Return what a node's daemon says, asked from outside. Raises NoDaemon or OSError."""
    with connect(lab.root(node) / "run/heartbeat/api.sock") as client:
        return client.status()


def _failures(lab: Lab) -> Iterator[str]:
    """A traceback in a log, or the report that a daemon writes when its kernel raised."""
    for node in lab.plan.nodes:
        log = lab.disk(node) / "log" / "hb.log"
        if log.exists() and "Traceback" in log.read_text(errors="replace"):
            yield f"the log of {node} holds a traceback"
        for report in sorted((lab.disk(node) / "state").glob("crash-*.txt")):
            yield f"the daemon of {node} failed: {report.read_text(errors='replace').strip().splitlines()[-1]}"
