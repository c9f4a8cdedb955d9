"""Messages between supervisor and daemon keep their borders, and a dead end is noticed."""

import pytest
from heartbeat.daemon.keyring import KeyLine, Keys
from heartbeat.daemon.leash import Leash, Leave, Message, NewKeys, Up, leash_pair


@pytest.fixture
def ends() -> tuple[Leash, Leash]:
    return leash_pair()


def test_messages_arrive_whole_and_in_order(ends: tuple[Leash, Leash]) -> None:
    ours, theirs = ends
    keys = Keys(2, (KeyLine(1, "sha1", "m:Sha1", "old"), KeyLine(2, "sha256", "m:Sha256", "n" * 1000)))
    sent: list[Message] = [Leave("SIGTERM"), NewKeys(keys), Leave("SIGTERM")]
    assert all(ours.send(message) for message in sent)
    assert [theirs.receive() for _ in sent] == sent
    assert theirs.send(Up())
    assert ours.receive() == Up()
    ours.close()
    theirs.close()


def test_nothing_yet_is_told_from_nobody_any_more(ends: tuple[Leash, Leash]) -> None:
    ours, theirs = ends
    with pytest.raises(BlockingIOError):
        ours.receive()
    theirs.close()
    assert ours.receive() is None
    assert ours.send(Up()) is False
    ours.close()


def test_an_end_that_reads_nothing_makes_nobody_wait(ends: tuple[Leash, Leash]) -> None:
    ours, theirs = ends
    while ours.send(Leave("again")):
        pass
    ours.close()
    theirs.close()
