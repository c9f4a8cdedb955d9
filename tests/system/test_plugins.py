"""Plugins of a running cluster: the members say which they use, and `hb plugin check` compares them."""

from collections.abc import Callable

from heartbeat.lab.lab import program

from core.tests.plugin_site import PluginSite
from tests.system.cluster import ADDRESS, Cluster


def test_members_with_the_same_plugins_tell_each_other_so(up: Callable[..., Cluster]) -> None:
    cluster = up(f"node1 {ADDRESS}\n")
    cluster.until_members("node1", "node2")
    cluster.until(lambda: bool(cluster.node("node1", "node2").plugins), "node2 told which plugins it uses")
    assert cluster.node("node1", "node2").plugins == cluster.node("node1", "node1").plugins
    status, said = cluster.hb("node1", "plugin", "check")
    assert (status, said.strip()) == (0, "node2 and this node use the same plugins")


SITE = "/var/lib/heartbeat/site"
"""Where each node has distributions of its own, on its own disk, besides those of this environment."""
WITH_SITE = ("env", f"PYTHONPATH={SITE}")


def install(cluster: Cluster, node: str, version: str) -> None:
    """Install a device's distribution on one node, in place of the version that it may have."""
    folder = cluster.lab.disk(node) / "state" / "site"
    folder.mkdir(exist_ok=True)
    site = PluginSite(folder)
    for old in folder.glob("*.dist-info"):
        old.rename(cluster.lab.disk(node) / "state" / old.name)
    site.add("acme-power", {"stonith:acme": "Good"}, version=version)


def check(cluster: Cluster, node: str, *words: str) -> tuple[int, str]:
    return cluster.lab.output(node, [*WITH_SITE, "hb", "plugin", "check", *words])


def told(cluster: Cluster, node: str) -> str:
    """Return what node1 has heard of another node's plugins."""
    return cluster.node("node1", node).plugins


def test_a_member_that_came_back_with_another_version_is_named_by_the_running_cluster(
    up: Callable[..., Cluster],
) -> None:
    """And two locks, taken on the nodes, say the same without any daemon."""
    device = "stonith_host * acme {nodes} /dev/null"
    cluster = up(f"node1 {ADDRESS}\n", device=device, daemons=False, run=[*WITH_SITE, *program()])
    for node in cluster.nodes:
        install(cluster, node, "1.0")
    cluster.lab.start(*cluster.nodes)
    cluster.until_members("node1", "node2")
    cluster.until(lambda: bool(told(cluster, "node2")), "node2 told which plugins it uses")
    assert check(cluster, "node1") == (0, "node2 and this node use the same plugins\n")
    before = told(cluster, "node2")

    assert cluster.lab.stop("node2") == 0
    install(cluster, "node2", "1.1")
    cluster.lab.start("node2")
    cluster.until_members("node1", "node2")
    cluster.until(lambda: told(cluster, "node2") not in ("", before), "node2 told of its new plugins")
    status, said = check(cluster, "node1")
    assert (status, said.splitlines()[0]) == (
        1,
        "node2: acme-power 1.0 is used here; another version or other files there",
    )
    assert "mend:  pip install acme-power==" in said

    lock = cluster.lab.output("node2", [*WITH_SITE, "hb", "plugin", "lock"])[1]
    (cluster.lab.disk("node1") / "state" / "lock").write_text(lock)
    status, said = check(cluster, "node1", "/var/lib/heartbeat/lock")
    assert (status, said.splitlines()[0]) == (1, "acme-power: 1.0 is here, 1.1 in the lock")
