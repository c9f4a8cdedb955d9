"""What changed between two statuses, told as facts."""

from typing import Any

import msgspec
from heartbeat.hooks.fact import Changes, Fact, status_fact
from heartbeat.model.status import ClusterStatus

from core.tests.hooks.house import running_on, with_states


def told(facts: list[Fact], name: str) -> list[dict[str, Any]]:
    return [fact.about for fact in facts if fact.name == name]


def link_states(status: ClusterStatus, state: str) -> ClusterStatus:
    nodes = tuple(
        msgspec.structs.replace(
            node, links=tuple(msgspec.structs.replace(link, state=state) for link in node.links[:1])
        )
        for node in status.nodes
    )
    return msgspec.structs.replace(status, nodes=nodes)


def test_the_first_sight_is_no_change(good_status: ClusterStatus) -> None:
    changes = Changes()
    assert changes.of(good_status, 100.0) == []
    assert changes.of(good_status, 101.0) == []


def test_a_late_link_is_neither_up_nor_down(good_status: ClusterStatus) -> None:
    changes = Changes()
    changes.of(good_status, 100.0)
    assert changes.of(link_states(good_status, "late"), 101.0) == []
    assert told(changes.of(link_states(good_status, "down"), 102.0), "link_changed") == [
        {"node": "node2", "link": "bcast/eth1", "state": "down"}
    ]
    assert changes.of(link_states(good_status, "late"), 103.0) == []
    assert told(changes.of(link_states(good_status, "up"), 104.0), "link_changed") == [
        {"node": "node2", "link": "bcast/eth1", "state": "up"}
    ]


def test_members_are_compared_with_those_of_the_view_before_not_with_the_last_status(
    good_status: ClusterStatus,
) -> None:
    changes = Changes()
    changes.of(good_status, 100.0)
    assert changes.of(with_states(good_status, "3.0", node2="silent"), 101.0) == [], "the view is the same"
    (view,) = told(changes.of(with_states(good_status, "4.0", node2="fencing"), 102.0), "view_installed")
    assert view == {"epoch": 4, "members": ["node1"], "left": ["node2"], "joined": []}
    (view,) = told(changes.of(with_states(good_status, "5.1"), 103.0), "view_installed")
    assert view == {"epoch": 5, "members": ["node1", "node2"], "left": [], "joined": ["node2"]}


def test_a_planned_move_was_away_from_its_stop_to_its_start(good_status: ClusterStatus) -> None:
    changes = Changes()
    changes.of(good_status, 100.0)
    changes.of(running_on(good_status, "node1", "stopping"), 110.0)
    changes.of(running_on(good_status, "node2", "starting"), 110.4)
    (move,) = told(changes.of(running_on(good_status, "node2"), 111.5), "group_moved")
    assert move == {"group": "10.0.0.1", "source": "node1", "target": "node2", "away_s": 1.5}


def test_a_group_of_a_node_that_fell_silent_was_away_since_that_was_last_heard(good_status: ClusterStatus) -> None:
    changes = Changes()
    home = running_on(good_status, "node2")
    changes.of(home, 100.0)
    silent = msgspec.structs.replace(good_status.nodes[1], state="off", heard_s=3.0)
    gone = msgspec.structs.replace(running_on(home, "", "stopped"), nodes=(good_status.nodes[0], silent))
    changes.of(gone, 120.0)
    (move,) = told(changes.of(running_on(gone, "node1"), 121.0), "group_moved")
    assert (move["source"], move["target"], move["away_s"]) == ("node2", "node1", 4.0)


def test_a_first_start_comes_from_nowhere_and_a_start_in_place_is_no_move(good_status: ClusterStatus) -> None:
    changes = Changes()
    changes.of(running_on(good_status, "", "stopped"), 100.0)
    (start,) = told(changes.of(running_on(good_status, "node1"), 101.0), "group_moved")
    assert start == {"group": "10.0.0.1", "source": "", "target": "node1", "away_s": 0.0}
    changes.of(running_on(good_status, "", "stopped"), 102.0)
    assert changes.of(running_on(good_status, "node1"), 103.0) == []


def test_a_status_travels_as_the_json_of_hb_status_and_empty_without_a_daemon(good_status: ClusterStatus) -> None:
    assert msgspec.json.encode(status_fact(good_status).about["status"]) == msgspec.json.encode(good_status)
    assert status_fact(None).about == {"status": {}}
