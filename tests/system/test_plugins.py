"""Plugins of a running cluster: the members say which they use, and `hb plugin check` compares them."""

from collections.abc import Callable

from tests.system.cluster import ADDRESS, Cluster


def test_members_with_the_same_plugins_tell_each_other_so(up: Callable[..., Cluster]) -> None:
    cluster = up(f"node1 {ADDRESS}\n")
    cluster.until_members("node1", "node2")
    cluster.until(lambda: bool(cluster.node("node1", "node2").plugins), "node2 told which plugins it uses")
    assert cluster.node("node1", "node2").plugins == cluster.node("node1", "node1").plugins
    status, said = cluster.hb("node1", "plugin", "check")
    assert (status, said.strip()) == (0, "node2 and this node use the same plugins")
