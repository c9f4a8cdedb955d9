"""Hooks beside real daemons: kept by respawn as a user without rights, told of a death, no burden to the daemon."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.cluster import ADDRESS, Cluster

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="respawn as another user needs root")

GROUP = f"node1 {ADDRESS} toy::a\n"
RUNS_HOOKS = """#!/bin/sh
PYTHONPATH={path} exec {python} -c 'from heartbeat.cli import main; main()' hooks
"""
"""What /usr/bin/hb is where heartbeat is installed."""

WRITES = """#!/bin/sh
echo "$(id -un) $HB_FACT $HB_SUBJECT" >> /var/lib/heartbeat/heard
"""
HANGS = "#!/bin/sh\nexec sleep 1000\n"
FLOODS = "#!/bin/sh\nexec yes\n"


def python_of_nobody() -> str:
    """Return an interpreter of this version that nobody may run; the one that runs here may lie in root's home."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for path in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        try:
            subprocess.run([path, "-c", ""], user="nobody", check=True, capture_output=True, cwd="/", timeout=30)
        except (OSError, subprocess.SubprocessError):
            continue
        return path
    pytest.skip(f"the user nobody may run no {version} here")


def with_hooks(up: Callable[..., Cluster], tmp_path: Path, **commands: str) -> Cluster:
    """Put two nodes up on which notify runs each of these commands for everything that happens."""
    directory = tmp_path / "cluster"
    directory.mkdir()
    lines = ["auto_failback off", "acknowledge test-stonith", "respawn nobody /etc/ha.d/hb hooks"]
    commands["hb"] = RUNS_HOOKS.format(path=":".join(filter(None, sys.path)), python=python_of_nobody())
    for name, text in commands.items():
        (directory / name).write_text(text)
        (directory / name).chmod(0o755)
        lines += [f"hook notify command=/etc/ha.d/{name} about=all limit=1000"] if name != "hb" else []
    cluster = up(GROUP, daemons=False, more="\n".join(lines) + "\n")
    for node in cluster.nodes:
        heard = cluster.lab.disk(node) / "state" / "heard"
        heard.touch()
        heard.chmod(0o666)
    cluster.lab.start(*cluster.nodes)
    cluster.until_runs(ADDRESS, "node1")
    cluster.until_members("node1", "node2")
    until_listening(cluster)
    return cluster


def until_listening(cluster: Cluster) -> None:
    """Cut a link and heal it until every node was told: hooks are there a moment after their daemon."""

    def links_are(state: str) -> bool:
        ends = [cluster.node("node1", "node2"), cluster.node("node2", "node1")]
        return all(link.state == state for end in ends for link in end.links if link.name == "bcast/eth1")

    for _ in range(10):
        if all(heard(cluster, node) for node in cluster.nodes):
            return
        cluster.lab.cut("node1", "eth1")
        cluster.until(lambda: links_are("down"), "the link is down")
        cluster.lab.heal()
        cluster.until(lambda: links_are("up"), "the link is up again")
    raise AssertionError(f"the hooks of some node heard of none of ten cuts\n{cluster.story()}")


def heard(cluster: Cluster, node: str) -> str:
    """Return what the command wrote down on a node."""
    return (cluster.lab.disk(node) / "state" / "heard").read_text()


def hears(cluster: Cluster, node: str, text: str) -> None:
    cluster.until(lambda: text in heard(cluster, node), f"{node} is told {text!r}: {heard(cluster, node)}")


def test_a_death_is_told_on_the_survivor_from_the_fence_to_the_move(up: Callable[..., Cluster], tmp_path: Path) -> None:
    cluster = with_hooks(up, tmp_path, page=WRITES)
    cluster.lab.crash("node1")
    cluster.until_runs(ADDRESS, "node2")
    for text in (
        "nobody node_fenced heartbeat on node2: node1 was fenced: ",
        "(switched by lab #1)",
        f"nobody group_moved heartbeat on node2: group {ADDRESS} moved from node1 to node2, away for ",
        "nobody view_installed heartbeat on node2: members are node2",
    ):
        hears(cluster, "node2", text)
    assert "Traceback" not in heard(cluster, "node2")


def test_hooks_that_hang_and_flood_delay_no_beat_and_no_other_hook(up: Callable[..., Cluster], tmp_path: Path) -> None:
    cluster = with_hooks(up, tmp_path, hang=HANGS, flood=FLOODS, page=WRITES)
    for _ in range(3):
        cut_and_heal(cluster)
    for node in cluster.nodes:
        assert heard(cluster, node).count("is up") >= 3
        assert not cluster.journal(node, "node.late")
        assert not cluster.journal(node, "node.silent")
    cluster.were_shot()


def cut_and_heal(cluster: Cluster) -> None:
    """Cut one of two links until both nodes were told so, and heal it until both were told that."""
    before = {node: heard(cluster, node).count("is up") for node in cluster.nodes}

    def all_hear(what: str) -> bool:
        return all(heard(cluster, node).count(what) > before[node] for node in cluster.nodes)

    cluster.lab.cut("node1", "eth1")
    cluster.until(lambda: all_hear("is down"), "both nodes hear of the cut")
    cluster.lab.heal()
    cluster.until(lambda: all_hear("is up"), "both nodes hear of the mend")
