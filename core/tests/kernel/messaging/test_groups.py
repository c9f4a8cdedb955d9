"""Groups: who is in, agreed within a view and from one view to the next."""

from heartbeat.kernel.messaging.groups import Groups
from heartbeat.model.delivery import Delivery
from heartbeat.model.names import Nid
from heartbeat.model.view import Member, ViewId
from heartbeat.wire.messages import State
from heartbeat.wire.talk import Run, Spoken, Verb

A, B = Nid(0), Nid(1)


def move(verb: Verb, program: int, group: str = "g") -> Run:
    return Run(group, program, 0, Delivery.AGREED, verb=verb)


def state(nid: Nid, *programs: tuple[str, tuple[int, ...]]) -> State:
    return State(Member(nid, 1), "boot", ViewId(), (), (), 0, 0, 0, leaving=False, spoken=Spoken(programs=programs))


def test_a_program_is_in_once_its_run_is_delivered_and_out_again_likewise() -> None:
    groups = Groups(A)
    assert groups.join("g", 7)
    assert groups.members("g") == ()
    assert groups.apply(A, move(Verb.JOIN, 7))
    assert groups.apply(B, move(Verb.JOIN, 1))
    assert (groups.members("g"), groups.here("g")) == (((A, 7), (B, 1)), (7,))
    assert groups.apply(A, move(Verb.LEAVE, 7))
    assert (groups.members("g"), groups.here("g")) == (((B, 1),), ())


def test_coming_twice_and_going_twice_is_no_news() -> None:
    groups = Groups(A)
    assert groups.join("g", 7)
    assert not groups.join("g", 7)
    assert groups.apply(A, move(Verb.JOIN, 7))
    assert not groups.apply(A, move(Verb.JOIN, 7))
    assert groups.leave("g", 7)
    assert not groups.leave("g", 7)
    assert groups.apply(A, move(Verb.LEAVE, 7))
    assert not groups.apply(A, move(Verb.LEAVE, 7))
    assert groups.known() == []


def test_a_view_has_the_programs_that_its_members_brought() -> None:
    groups = Groups(A)
    groups.apply(B, move(Verb.JOIN, 1, "old"))
    changed = groups.install([state(A, ("g", (1, 2))), state(B, ("g", (1,)), ("h", (3,)))])
    assert changed == {"old", "g", "h"}
    assert groups.members("g") == ((A, 1), (A, 2), (B, 1))
    assert groups.known() == ["g", "h"]
    assert groups.install([state(A, ("g", (1, 2))), state(B, ("g", (1,)), ("h", (3,)))]) == set()


def test_what_changed_since_a_node_said_what_it_brings_is_told_in_the_new_view() -> None:
    groups = Groups(A)
    groups.join("g", 1)
    groups.join("g", 2)
    brought = groups.mine()
    groups.leave("g", 1)
    groups.join("h", 3)
    assert groups.changed_since(brought) == [(Verb.JOIN, "h", 3), (Verb.LEAVE, "g", 1)]
    assert groups.of(3) == ["h"]
