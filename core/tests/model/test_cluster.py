"""The cluster's digest: alike where nodes must be alike, different where they must not differ."""

import msgspec
import pytest
from heartbeat.model.cluster import Cluster, Failback, Timers
from heartbeat.model.group import Group, Resource
from heartbeat.model.names import GroupName, NodeName

ADDRESS = Resource("10.0.0.1", "IPaddr2", {"ip": "10.0.0.1"}, shares_data=False)
DISK = Resource("Filesystem::/dev/sdb1::/srv", "Filesystem", {}, shares_data=True)
GROUP = Group(GroupName("10.0.0.1"), NodeName("node1"), (ADDRESS,))
CLUSTER = Cluster("linux-ha", (NodeName("node1"), NodeName("node2")), Timers(), (GROUP,))


def test_a_nid_is_the_place_in_the_sorted_list() -> None:
    assert CLUSTER.nid(NodeName("node2")) == 1
    with pytest.raises(ValueError, match="not in tuple"):
        CLUSTER.nid(NodeName("node3"))


def test_the_digest_is_the_same_on_every_machine() -> None:
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(CLUSTER), type=Cluster)
    assert again.digest == CLUSTER.digest
    assert len(CLUSTER.digest) == 16


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"nodes": (NodeName("node1"), NodeName("node3"))},
        {"timers": Timers(keepalive_s=0.2)},
        {"groups": ()},
        {"groups": (msgspec.structs.replace(GROUP, home=NodeName("node2")),)},
        {"groups": (msgspec.structs.replace(GROUP, resources=(DISK, ADDRESS)),)},
        {"failback": Failback.ON},
    ],
)
def test_what_must_be_alike_changes_the_digest(change: dict[str, object]) -> None:
    assert msgspec.structs.replace(CLUSTER, **change).digest != CLUSTER.digest


@pytest.mark.parametrize(
    "change", [{"fence_delay_s": 5.0}, {"has_device": (NodeName("node1"),)}, {"reset_after_off": False}]
)
def test_what_a_node_may_have_of_its_own_does_not(change: dict[str, object]) -> None:
    assert msgspec.structs.replace(CLUSTER, **change).digest == CLUSTER.digest


@pytest.mark.parametrize(("resources", "shares"), [((ADDRESS,), False), ((ADDRESS, DISK), True), ((), False)])
def test_a_group_shares_data_when_any_resource_does(resources: tuple[Resource, ...], *, shares: bool) -> None:
    assert msgspec.structs.replace(GROUP, resources=resources).shares_data is shares
