"""Devices that fail, lie or are a person: nothing moves without a proof."""

from collections.abc import Callable

from tests.system.cluster import ADDRESS, Cluster

SHARING = "auto_failback off\nacknowledge test-stonith\n"
GROUP = f"node1 {ADDRESS} toy::a\n"


def test_nothing_moves_while_fencing_fails_and_it_is_tried_again(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP, more=SHARING)
    cluster.until_runs(ADDRESS, "node1")
    cluster.lab.device("fail")
    cluster.lab.freeze("node1")
    cluster.until_decided("node2", "fence.failed", 2)
    assert cluster.started("toy::a") == ["node1"]
    assert cluster.group("node2", ADDRESS).state == "waiting"
    assert any("node1" in alarm.text for alarm in cluster.status("node2").alarms)
    status, text = cluster.hb("node2", "status")
    assert status == 1, text
    cluster.lab.device("ok")
    cluster.until_runs(ADDRESS, "node2")


def test_a_fence_is_called_off_when_its_target_is_back(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP, more=SHARING)
    cluster.until_runs(ADDRESS, "node1")
    cluster.lab.device("fail")
    cluster.lab.cut("node1")
    cluster.until_decided("node2", "fence.failed")
    cluster.lab.heal()
    cluster.until_members("node1", "node2")
    cluster.lab.device("ok")
    shots = len(cluster.shots())
    cluster.stays(lambda: len(cluster.shots()) == shots, "nobody is shot any more", 3.0)
    assert cluster.group("node2", ADDRESS).node == "node1"
    assert cluster.started("toy::a") == ["node1"]


def test_a_device_that_refuses_to_switch_off_what_is_off_is_believed_by_its_reading(
    up: Callable[..., Cluster],
) -> None:
    """The order fails, the outlet reads off: that is the proof, not the order's success."""
    cluster = up(GROUP, more=SHARING)
    cluster.until_runs(ADDRESS, "node1")
    cluster.lab.device("fail")
    cluster.lab.crash("node1")
    cluster.until_runs(ADDRESS, "node2")


def test_a_device_that_lies_proves_nothing(up: Callable[..., Cluster]) -> None:
    """It says done and does nothing: the read-back finds the node on, and nothing moves."""
    cluster = up(GROUP, more=SHARING)
    cluster.until_runs(ADDRESS, "node1")
    cluster.lab.device("lie")
    cluster.lab.freeze("node1")
    cluster.until_decided("node2", "fence.failed")
    assert cluster.started("toy::a") == ["node1"]
    cluster.lab.device("ok")
    cluster.until_runs(ADDRESS, "node2")


def test_a_person_confirms_what_no_device_can_prove(up: Callable[..., Cluster]) -> None:
    cluster = up(GROUP, device="stonith_host * meatware {nodes}", more="auto_failback off\n")
    cluster.until_runs(ADDRESS, "node1")
    assert cluster.hb("node2", "stonith", "confirm", "node1", "--yes-i-am-sure", "node1")[0] == 1
    cluster.lab.crash("node1")
    with cluster.client("node2") as client:
        cluster.until(lambda: [one.node for one in client.confirmations()] == ["node1"], "a person is asked")
    cluster.stays(lambda: cluster.started("toy::a") == ["node1"], "nothing moves by itself", 1.0)
    assert cluster.hb("node2", "stonith", "confirm", "node1", "--yes-i-am-sure", "node2")[0] == 2
    status, text = cluster.hb("node2", "stonith", "confirm", "node1", "--yes-i-am-sure", "node1")
    assert status == 0, text
    cluster.until_runs(ADDRESS, "node2")


def test_a_confirmation_that_comes_too_late_moves_nothing(up: Callable[..., Cluster]) -> None:
    """The node is back before the person has typed its name."""
    cluster = up(GROUP, device="stonith_host * meatware {nodes}", more="auto_failback off\n")
    cluster.until_members("node1", "node2")
    cluster.until_runs(ADDRESS, "node1")
    cluster.lab.freeze("node1")
    with cluster.client("node2") as client:
        cluster.until(lambda: [one.node for one in client.confirmations()] == ["node1"], "a person is asked")
        cluster.lab.thaw("node1")
        cluster.until_members("node1", "node2")
        assert client.confirmations() == ()
    status, text = cluster.hb("node2", "stonith", "confirm", "node1", "--yes-i-am-sure", "node1")
    assert status == 1, text
    cluster.until(lambda: cluster.oracle.answering(ADDRESS) == {"node1"}, "node1 answers again")
    assert cluster.started("toy::a") == ["node1"]


def test_two_people_who_each_confirm_the_living_other_are_found_out_at_the_heal(up: Callable[..., Cluster]) -> None:
    """No program can prevent what they did; at the first beat after it, who started on a person's word stops again."""
    groups = "node1 toy::a\nnode2 toy::b\n"
    cluster = up(groups, device="stonith_host * meatware {nodes}", more="auto_failback off\n")
    cluster.stateless = ("toy::a", "toy::b")  # made double by the people; what follows is judged below
    cluster.until_members("node1", "node2")
    cluster.until_runs("toy::a", "node1")
    cluster.until_runs("toy::b", "node2")
    cluster.lab.cut("node1")
    for node, about in (("node1", "node2"), ("node2", "node1")):
        with cluster.client(node) as client:
            cluster.until(lambda client=client: len(client.confirmations()) == 1, "a person is asked")  # type: ignore[misc]
        status, text = cluster.hb(node, "stonith", "confirm", about, "--yes-i-am-sure", about)
        assert status == 0, text
    cluster.until_runs("toy::b", "node1")
    cluster.until_runs("toy::a", "node2")
    cluster.lab.heal()
    for toy, node in (("toy::a", "node1"), ("toy::b", "node2")):
        cluster.until(lambda toy=toy, node=node: cluster.oracle.holders(toy) == {node}, f"{node} alone holds {toy}")  # type: ignore[misc]
        cluster.until_decided(node, "fence.withdrawn")
    cluster.lab.crash("node2")
    cluster.lab.start("node2")  # a life that was called dead never joins again; the next one does
    cluster.until_members("node1", "node2")
    for toy in ("toy::a", "toy::b"):
        cluster.until(lambda toy=toy: len(cluster.oracle.holders(toy)) == 1, f"{toy} runs in one place")  # type: ignore[misc]


def test_without_a_device_shared_data_waits_and_an_address_does_not(up: Callable[..., Cluster]) -> None:
    groups = f"node1 {ADDRESS}\nnode1 toy::a\n"
    cluster = up(groups, device="", more="auto_failback off\nacknowledge no-stonith\n")
    cluster.until_runs(ADDRESS, "node1")
    cluster.until_runs("toy::a", "node1")
    cluster.lab.crash("node1")
    cluster.until_runs(ADDRESS, "node2")
    cluster.stays(lambda: cluster.started("toy::a") == ["node1"], "what shares data waits", 1.5)
    status, text = cluster.hb("node2", "stonith", "confirm", "node1", "--yes-i-am-sure", "node1")
    assert status == 0, text
    cluster.until_runs("toy::a", "node2")
