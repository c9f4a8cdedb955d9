"""Who is left without current behind one relay, behind two side by side, behind two in a row."""

from heartbeat.lab.supplies import Supplies

ONE, OTHER = "1.1", "1.2"
SECOND_LEVEL = "2.1"


def test_a_node_behind_no_device_has_current() -> None:
    assert Supplies(()).feed("node1")


def test_of_two_supplies_one_is_enough_to_live() -> None:
    node = Supplies([("node1", ONE), ("node1", OTHER), ("node2", ONE)])
    node.turn("node1", ONE, on=False)
    assert node.feed("node1")
    node.turn("node1", OTHER, on=False)
    assert not node.feed("node1")
    assert node.feed("node2")
    node.turn("node1", ONE, on=True)
    assert node.feed("node1")


def test_any_level_alone_takes_the_current_and_all_must_be_on_to_give_it_back() -> None:
    node = Supplies([("node1", ONE), ("node1", SECOND_LEVEL)])
    node.turn("node1", SECOND_LEVEL, on=False)
    assert not node.feed("node1")
    assert node.is_on("node1", ONE)
    node.turn("node1", ONE, on=False)
    node.turn("node1", SECOND_LEVEL, on=True)
    assert not node.feed("node1")
    node.all_on("node1")
    assert node.feed("node1")


def test_a_relay_that_nobody_has_is_known_as_such() -> None:
    node = Supplies([("node1", ONE)])
    assert node.has("node1", ONE)
    assert not node.has("node1", OTHER)
    assert not node.has("node2", ONE)
