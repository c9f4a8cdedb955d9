"""Talk without a socket: messages packed and cut up, joined again, and never joined wrongly."""

from typing import Any

import msgspec
import pytest
from heartbeat.client.errors import Refused
from heartbeat.client.talk import IN_FLIGHT_MAX, MESSAGE_MAX, PENDING_MAX, Company, Message, Sender, Talk
from heartbeat.model.delivery import Delivery
from heartbeat.wire import api
from heartbeat.wire.local import Unpacker, pack
from hypothesis import given, settings
from hypothesis import strategies as st

_decode = msgspec.msgpack.Decoder(api.Request).decode
ROOM = 100


def said(talk: Talk) -> list[Any]:
    """Return the requests that go out now."""
    return [_decode(whole) for whole in Unpacker().feed(talk.to_send())]


def feed(talk: Talk, *answers: api.Answer) -> list[Any]:
    return talk.feed(b"".join(pack(msgspec.msgpack.encode(answer)) for answer in answers))


def welcomed(room: int = ROOM) -> Talk:
    talk = Talk()
    talk.join("g")
    assert said(talk) == [api.Join("g")]
    feed(talk, api.Welcome("node1", 7, room))
    return talk


def heard(body: bytes, program: int = 7, delivery: Delivery = Delivery.SAFE) -> api.Heard:
    return api.Heard("g", "node1", program, delivery, 5, body)


def say(talk: Talk, *bodies: bytes, delivery: Delivery = Delivery.SAFE) -> None:
    for body in bodies:
        talk.say("g", body, delivery, 0)


def test_who_it_is_a_program_learns_with_its_first_join() -> None:
    assert welcomed().me == Sender("node1", 7)


def test_before_it_joined_nobody_says_anything() -> None:
    with pytest.raises(ValueError, match="join a group first"):
        say(Talk(), b"x")


def test_the_first_message_goes_at_once_and_what_is_said_meanwhile_together() -> None:
    talk = welcomed()
    for number in range(IN_FLIGHT_MAX):
        say(talk, b"%d" % number)
        assert len(said(talk)) == 1
    say(talk, b"later", b"and later", b"still")
    assert said(talk) == []
    assert feed(talk, api.Taken(1)) == []
    (request,) = said(talk)
    assert [each.body for each in feed(talk, heard(request.body))] == [b"later", b"and later", b"still"]


def test_messages_of_another_class_do_not_go_together_and_keep_their_order() -> None:
    talk = welcomed()
    say(talk, b"1")
    say(talk, b"2", delivery=Delivery.FIFO)
    say(talk, b"3")
    assert [request.delivery for request in said(talk)] == [Delivery.SAFE, Delivery.FIFO, Delivery.SAFE]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=400), max_size=20), st.integers(24, 130))
def test_whatever_is_said_comes_whole_and_in_order(bodies: list[bytes], room: int) -> None:
    talk, came = welcomed(room), []
    say(talk, *bodies)
    while not talk.is_idle:
        for request in said(talk):
            assert len(request.body) <= room
            came += feed(talk, heard(request.body), api.Taken(1))
    assert [each.body for each in came] == bodies


def test_a_message_says_by_whom_and_in_which_place_it_came() -> None:
    talk = welcomed()
    say(talk, b"x")
    (request,) = said(talk)
    (message,) = feed(talk, heard(request.body, program=9))
    assert message == Message("g", Sender("node1", 9), Delivery.SAFE, 5, b"x")


def test_pieces_of_two_programs_and_two_classes_are_kept_apart() -> None:
    talk, came = welcomed(), []
    say(talk, b"a" * 150)
    pieces = [request.body for request in said(talk)]
    for body in pieces:
        came += feed(talk, heard(body, 1), heard(body, 2), heard(body, 1, Delivery.FIFO))
    assert [(each.sender.program, each.delivery) for each in came] == [
        (1, Delivery.SAFE), (2, Delivery.SAFE), (1, Delivery.FIFO),
    ]  # fmt: skip
    assert {each.body for each in came} == {b"a" * 150}


@pytest.mark.parametrize("lost", [{0}, {1}, {2}, {2, 3}, {1, 2, 3, 4}])
def test_a_message_that_lost_a_piece_with_a_view_is_none_and_harms_no_other(lost: set[int]) -> None:
    talk, came, bodies = welcomed(), [], (b"a" * 250, b"b" * 250, b"c")
    say(talk, *bodies)
    pieces: list[bytes] = []
    while not talk.is_idle:
        for request in said(talk):
            pieces.append(request.body)
            feed(talk, api.Taken(1))
    for index, body in enumerate(pieces):
        if index not in lost:
            came += feed(talk, heard(body))
    assert all(each.body in bodies for each in came)
    assert came[-1].body == b"c"


def test_of_a_sender_that_left_nothing_is_waited_for() -> None:
    talk = welcomed()
    say(talk, b"a" * 150)
    first, second = [request.body for request in said(talk)]
    feed(talk, heard(first, 9))
    (company,) = feed(talk, api.Company("g", "3.0", (("node1", 7),), is_primary=True))
    assert company == Company("g", "3.0", (Sender("node1", 7),), True, False)
    assert feed(talk, heard(second, 9)) == []


def test_too_long_a_message_is_refused_before_any_of_it_goes() -> None:
    talk = welcomed()
    with pytest.raises(ValueError, match="at most"):
        say(talk, bytes(MESSAGE_MAX + 1))
    assert talk.is_idle


def test_who_says_too_much_at_once_is_told_to_wait() -> None:
    talk = welcomed(60_000)
    while not talk.is_full:
        say(talk, bytes(50_000))
        said(talk)
    assert len(said(talk)) == 0
    while talk.is_full:
        feed(talk, api.Taken(1))
        said(talk)
    say(talk, bytes(MESSAGE_MAX))
    assert talk.is_full == (MESSAGE_MAX >= PENDING_MAX)


def test_an_impossible_group_is_refused_before_the_daemon_would_hang_up() -> None:
    talk = welcomed()
    for group in ("", "x" * 65):
        with pytest.raises(ValueError, match="1 to 64 characters"):
            talk.join(group)
        with pytest.raises(ValueError, match="1 to 64 characters"):
            talk.say(group, b"x", Delivery.SAFE, 0)
    with pytest.raises(ValueError, match="0 to 255"):
        talk.say("g", b"x", Delivery.SAFE, 256)
    assert talk.is_idle


def test_a_refusal_is_raised() -> None:
    with pytest.raises(Refused, match="may not"):
        feed(welcomed(), api.Refused("you may not"))


def test_an_answer_that_nobody_asked_for_is_an_error() -> None:
    with pytest.raises(ValueError, match="not asked for"):
        feed(welcomed(), api.Progress("x"))
