"""What ``hb status`` and its relatives print: pages of lines made from a ClusterStatus, and the verdict on it."""

from heartbeat.cli.table import Cell, printable, table
from heartbeat.model.duration import show_duration
from heartbeat.model.status import ClusterStatus, GroupStatus, NodeStatus

_GOOD = frozenset({"running", "member", "up", "primary"})
_PASSING = frozenset({"starting", "stopping", "joining", "leaving", "late", "fencing", "left", "off", "stopped"})
_UNDER_WAY = frozenset({"running", "starting", "stopping"})


def troubles(status: ClusterStatus) -> list[str]:
    """Return what makes ``hb status`` exit with 1: the view may not act, a group is not served, or an alarm stands.

    A silent node or a dead link that the cluster copes with is shown, and no trouble by itself.
    """
    found = [] if status.standing == "primary" else [f"the view is {status.standing}"]
    found += [f"group {group.name} is {group.state}" for group in status.groups if group.state not in _UNDER_WAY]
    if status.alarms:
        found.append("1 alarm" if len(status.alarms) == 1 else f"{len(status.alarms)} alarms")
    return found


def status_page(status: ClusterStatus) -> list[str]:
    """Return the one screen of ``hb status``."""
    facts: list[tuple[str, Cell, str]] = [
        ("cluster", status.cluster, ""),
        ("this node", _state(status.node, status.state), status.state),
        ("view", _state(status.view, status.standing), _coordinated(status)),
    ]
    lines = table([(word, value, text) for word, value, text in facts])
    if status.why:
        lines += [f"{'':11}{printable(status.why)}"]
    if status.realtime:
        lines.append(f"real time  {printable(status.realtime)}")
    lines += ["", "nodes", *table([_node_row(node) for node in status.nodes], indent="  ")]
    lines += ["", "groups", *(table([_group_row(group) for group in status.groups], indent="  ") or ["  none"])]
    lines += _devices(status)
    if status.alarms:
        rows = [((alarm.text, "red"), f"for {show_duration(alarm.since_s)}") for alarm in status.alarms]
        lines += ["", "alarms", *table(rows, indent="  ")]
    if trouble := troubles(status):
        lines += ["", "not well: " + printable(", ".join(trouble))]
    return lines


def _devices(status: ClusterStatus) -> list[str]:
    """Return what the last check of the STONITH devices found; nothing before the first."""
    tones = {"good": "green", "doubtful": "yellow", "bad": "red"}
    rows: list[tuple[Cell, ...]] = [
        (
            one.name,
            (one.state, tones[one.state]),
            f"from {one.node}",
            f"{show_duration(one.checked_s)} ago",
            ", ".join(one.codes) or f"can switch {', '.join(one.hosts)}",
        )
        for one in status.devices
    ]
    lines = ["", "devices, as checked", *table(rows, indent="  ")] if rows else []
    return lines + _rehearsals(status) if rows or status.rehearsals else []


def _rehearsals(status: ClusterStatus) -> list[str]:
    """Return when each node was last switched off for a trial."""
    known = {one.node: one for one in status.rehearsals}
    rows: list[tuple[Cell, ...]] = []
    for node in status.nodes:
        one = known.get(node.name)
        if one is None:
            rows.append((node.name, ("never", "yellow"), "", "", ""))
            continue
        verdict: Cell = (one.level, "green") if one.good else (f"{one.code} {one.text}", "red")
        rows.append((node.name, one.date, f"by {one.operator}", f"with {one.device}", verdict))
    return ["", "fencing rehearsed", *table(rows, indent="  ")]


def nodes_page(status: ClusterStatus) -> list[str]:
    """Return a line per node."""
    heading = ("NODE", "STATE", "SINCE", "HEARD", "LIFE", "WHY")
    rows = [
        (node.name, _tone(node.state), show_duration(node.since_s), _heard(node), str(node.incarnation), node.why)
        for node in status.nodes
    ]
    return table(rows, heading)


def links_page(status: ClusterStatus) -> list[str]:
    """Return a line per node and link."""
    heading = ("NODE", "LINK", "STATE", "SINCE", "FRAMES", "LOST")
    rows = [
        (node.name, link.name, _tone(link.state), show_duration(link.since_s), str(link.frames), str(link.lost))
        for node in status.nodes
        for link in node.links
    ]
    return table(rows, heading)


def groups_page(status: ClusterStatus) -> list[str]:
    """Return a line per group and, below it, one per resource."""
    lines: list[str] = []
    for group in status.groups:
        lines += table([_group_row(group)])
        lines.append(f"  home {printable(group.home)}, kept single by {printable(group.protected_by or 'nothing')}")
        rows = [
            (one.name, one.agent, _tone(one.state), "shares data" if one.shares_data else "no data", one.detail)
            for one in group.resources
        ]
        lines += table(rows, indent="  ")
    return lines


def _coordinated(status: ClusterStatus) -> str:
    by = f", coordinated by {status.coordinator}" if status.coordinator else ""
    return status.standing + by


def _node_row(node: NodeStatus) -> tuple[Cell, ...]:
    return (node.name, _tone(node.state), f"for {show_duration(node.since_s)}", _heard(node), node.why)


def _heard(node: NodeStatus) -> str:
    if node.is_me:
        return "this node"
    return "never heard" if node.heard_s is None else f"heard {show_duration(node.heard_s)} ago"


def _group_row(group: GroupStatus) -> tuple[Cell, ...]:
    where = f"on {group.node}" if group.node else "nowhere"
    return (group.name, _tone(group.state), where, f"for {show_duration(group.since_s)}", group.why)


def _tone(state: str) -> Cell:
    return _state(state, state)


def _state(text: str, state: str) -> Cell:
    return (text, "green" if state in _GOOD else "yellow" if state in _PASSING else "red")
