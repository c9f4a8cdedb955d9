"""Nodes that start: together, alone, late, again."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tests.system.cluster import ADDRESS, Cluster
from tests.system.counts import Rounds

SHARING = "auto_failback off\nacknowledge test-stonith\n"
GROUP = f"node1 {ADDRESS} toy::a\n"
PATIENT = "keepalive 500ms\ndeadtime 6s\ninitdead 12s\n"
"""A Python process on a busy machine may take more than a second to start; this is about what it finds then."""

HASTY, HASTY_INITDEAD_S = "keepalive 200ms\nwarntime 500ms\ndeadtime 1s\ninitdead 3s\n", 3.0
BOOTS_S = 0.4


def test_two_nodes_that_start_together_wait_for_nothing(up: Callable[..., Cluster]) -> None:
    """heartbeat 3 waited ten seconds; here the first common view is enough, long before initdead."""
    cluster = up(GROUP, more=SHARING)
    cluster.until_runs(ADDRESS, "node1", timeout_s=8.0)
    assert cluster.count("node1", "fence.wanted") == cluster.count("node2", "fence.wanted") == 0


def test_a_lone_node_waits_for_initdead_then_fences_and_starts(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP, more=SHARING, daemons=False)
    cluster.lab.start("node2")
    cluster.until_runs(ADDRESS, "node2")
    born = cluster.journal("node2", "node.started")[0].mono_s
    wanted = cluster.journal("node2", "fence.wanted")[0].mono_s
    assert wanted - born >= 10.0
    cluster.were_shot("node1")


def test_a_first_frame_that_comes_just_when_initdead_ends_ends_in_one_view(
    up: Callable[..., Cluster], rounds: Rounds
) -> None:
    """Joined or shot, whichever comes first, once at most; a late node that was shot boots and joins."""
    cluster = up(GROUP, more=SHARING, timers=HASTY, daemons=False)
    chance = rounds.chance(3)
    for _ in rounds(2, 60):
        cluster.renew("node2")
        before = len(cluster.shots())
        cluster.until_decided("node2", "node.started")
        due_s = cluster.journal("node2", "node.started")[0].mono_s + HASTY_INITDEAD_S
        # A daemon's first frame leaves about this long after its start; the moment is what is being swept.
        time.sleep(max(0.0, due_s - BOOTS_S * (0.5 + chance.random()) - time.monotonic()))
        cluster.lab.start("node1")
        cluster.until_members("node1", "node2")
        cluster.until(lambda: len(cluster.oracle.holders("toy::a")) == 1, "one holds the group")
        cluster.until(lambda: cluster.group("node1", ADDRESS).state == "running", "and runs it")
        assert cluster.shots()[before:] in ([], ["node1"])


def test_a_lone_node_starts_what_shares_no_data_without_a_device(up: Callable[..., Cluster]) -> None:
    cluster = up(f"node1 {ADDRESS}\n", device="", daemons=False)
    cluster.lab.start("node2")
    cluster.until_runs(ADDRESS, "node2")
    born = cluster.journal("node2", "node.started")[0].mono_s
    assert cluster.journal("node2", "group.start")[0].mono_s - born >= 10.0


def test_a_late_node_joins_and_nothing_moves(up: Callable[..., Cluster]) -> None:
    cluster = up(f"node1 {ADDRESS}\n", device="", daemons=False)
    cluster.lab.start("node2")
    cluster.until_runs(ADDRESS, "node2")
    cluster.lab.start("node1")
    cluster.until_members("node1", "node2")
    assert cluster.group("node1", ADDRESS).node == "node2"


def test_a_daemon_that_died_is_started_again_and_adopts_what_runs(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP, more=SHARING, timers=PATIENT)
    cluster.until_runs(ADDRESS, "node1")
    cluster.lab.kill("node1", "daemon")
    cluster.until_decided("node1", "group.adopted")
    cluster.until_members("node1", "node2")
    cluster.until_runs(ADDRESS, "node1")
    assert cluster.started("toy::a") == ["node1"]
    cluster.were_shot()


def test_an_upgrade_leaves_resources_running(up: Callable[..., Cluster]) -> None:
    """Parent, daemon and executor all go and come again; what they started stays, and is adopted."""
    cluster = up(GROUP, more=SHARING, timers=PATIENT)
    cluster.until_runs(ADDRESS, "node1")
    # The children are stopped first, so that none leaves in order when its parent dies; the parent, whose number is
    # the least, dies first and starts none of them again.
    cluster.lab.output("node1", ["pkill", "-STOP", "-x", "hb-.*"])
    cluster.lab.output("node1", ["pkill", "-KILL", "-x", "hb|hb-.*"])
    cluster.until(lambda: cluster.lab.output("node1", ["pgrep", "-x", "hb|hb-.*"])[0] == 1, "all are gone")
    cluster.until(lambda: not cluster.lab.node("node1").daemon, "the lab has seen it")
    cluster.lab.start("node1")
    cluster.until_decided("node1", "group.adopted")
    cluster.until_members("node1", "node2")
    assert cluster.started("toy::a") == ["node1"]


def test_files_that_differ_are_alarmed_and_block_planning_not_beating(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP, more=SHARING, daemons=False)
    (cluster.lab.disk("node2") / "ha.d" / "haresources").write_text(f"node2 {ADDRESS} toy::a\n")
    cluster.lab.start("node1", "node2")
    cluster.until_members("node1", "node2")
    cluster.until_decided("node1", "config.differs")
    cluster.until(lambda: cluster.group("node1", ADDRESS).state != "running", "nothing is started")
    shutil.copy(Path(cluster.lab.disk("node1")) / "ha.d" / "haresources", cluster.lab.disk("node2") / "ha.d")
    assert cluster.lab.stop("node2") == 0
    cluster.lab.start("node2")
    cluster.until_decided("node1", "config.alike")
    cluster.until_runs(ADDRESS, "node1")
