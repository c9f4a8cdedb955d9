"""The channel: lives and duplicates at the door, and one stream per sender that loses, doubles and swaps nothing."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from heartbeat.kernel import effects as fx
from heartbeat.kernel.channel import EARLY_MAX, NAK_FIRST_S, STORE_MAX, WINDOW
from heartbeat.model.names import Nid
from heartbeat.model.view import Member
from heartbeat.wire.frame import Header, short_id
from heartbeat.wire.messages import FenceMe, Nak, Packet, StaleLife
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

MakeBench = Callable[..., Any]
NODE2 = Nid(1)


def _header(sequence: int, *, incarnation: int = 1, session: bytes = b"theirs01", sender: str = "node2") -> Header:
    return Header(0, short_id("linux-ha"), short_id(sender), incarnation, session, sequence)


def _packet(number: int) -> Packet:
    return Packet(FenceMe(0, f"message {number}"), number)


def _numbers(packets: list[Packet]) -> list[int]:
    return [packet.stream for packet in packets]


# Lives.


def test_the_same_frame_over_a_second_link_is_a_duplicate(make_bench: MakeBench) -> None:
    channel = make_bench().channel
    assert channel.admit(NODE2, _header(1)) == (True, True)
    assert channel.admit(NODE2, _header(1)) == (False, False)
    assert channel.admit(NODE2, _header(2)) == (True, False)
    assert channel.counters.duplicate == 1


def test_a_frame_that_was_overtaken_is_still_fresh_once(make_bench: MakeBench) -> None:
    channel = make_bench().channel
    assert [channel.admit(NODE2, _header(n))[0] for n in (1, 3, 2, 2)] == [True, True, True, False]


def test_what_is_older_than_the_window_counts_as_seen(make_bench: MakeBench) -> None:
    channel = make_bench().channel
    channel.admit(NODE2, _header(WINDOW + 10))
    assert not channel.admit(NODE2, _header(10))[0]
    assert channel.admit(NODE2, _header(11))[0]


def test_a_newer_life_voids_the_older_one_for_good(make_bench: MakeBench) -> None:
    channel = make_bench().channel
    channel.admit(NODE2, _header(50))
    assert channel.admit(NODE2, _header(1, incarnation=2, session=b"second01")) == (True, True)
    assert channel.admit(NODE2, _header(51)) == (False, False)
    assert channel.counters.stale_life == 1


def test_another_session_of_the_same_life_is_refused(make_bench: MakeBench) -> None:
    channel = make_bench().channel
    channel.admit(NODE2, _header(1))
    assert not channel.admit(NODE2, _header(2, session=b"a twin01"))[0]
    assert channel.counters.other_session == 1


def test_strangers_and_other_clusters_are_counted_and_nobody(make_bench: MakeBench) -> None:
    channel = make_bench().channel
    assert channel.sender(_header(1, sender="node9")) is None
    foreign = Header(0, short_id("another"), short_id("node2"), 1, b"theirs01", 1)
    assert channel.sender(foreign) is None
    assert (channel.counters.stranger, channel.counters.foreign) == (1, 1)
    assert channel.sender(_header(1)) == NODE2


def test_a_node_that_lost_its_memory_is_told_under_its_own_session_once_a_keepalive(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.channel.admit(NODE2, _header(1, incarnation=7))
    bench.later(0.0)
    for sequence in range(1, 5):
        bench.channel.admit(NODE2, _header(sequence, incarnation=1, session=b"amnesia1"))
    assert bench.sent == [StaleLife(Member(NODE2, 7), b"amnesia1")]
    bench.later(0.2)
    bench.channel.admit(NODE2, _header(5, incarnation=1, session=b"amnesia1"))
    assert len(bench.sent) == 1


def test_lives_are_remembered_over_an_own_restart(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.channel.admit(NODE2, _header(1, incarnation=7))
    (stored,) = [effect.value for effect in bench.desk.effects if isinstance(effect, fx.Persist)]
    again = make_bench(incarnation=2, stored={"lives": stored})
    assert not again.channel.admit(NODE2, _header(1, incarnation=6))[0]
    assert again.channel.admit(NODE2, _header(1, incarnation=7)) == (True, True)


def _started_anew_after_a_silence(make_bench: MakeBench) -> Any:
    """A channel whose earlier life heard node2 up to frame 40 of life 7, and then no more."""
    bench = make_bench()
    for sequence in (1, 40, 39):
        bench.channel.admit(NODE2, _header(sequence, incarnation=7))
    bench.channel.fell_silent(NODE2)
    stored = {effect.key: effect.value for effect in bench.desk.effects if isinstance(effect, fx.Persist)}
    return make_bench(incarnation=2, stored=stored)


def test_a_recording_is_no_life_to_a_receiver_that_was_started_anew(make_bench: MakeBench) -> None:
    again = _started_anew_after_a_silence(make_bench)
    for sequence in (1, 39, 40):
        assert again.channel.admit(NODE2, _header(sequence, incarnation=7)) == (False, False)
    assert again.channel.senders == {}
    assert again.channel.counters.duplicate == 3


def test_a_node_that_only_was_out_of_reach_is_heard_where_it_goes_on(make_bench: MakeBench) -> None:
    again = _started_anew_after_a_silence(make_bench)
    assert again.channel.admit(NODE2, _header(41, incarnation=7)) == (True, True)
    assert again.channel.admit(NODE2, _header(40, incarnation=7)) == (True, False)  # overtaken, then


def test_a_second_session_of_a_life_that_ended_is_told(make_bench: MakeBench) -> None:
    """A state directory restored from a copy counts to the same number again, also after we were started anew."""
    again = _started_anew_after_a_silence(make_bench)
    assert again.channel.admit(NODE2, _header(1, incarnation=7, session=b"restored")) == (False, False)
    assert again.sent == [StaleLife(Member(NODE2, 7), b"restored")]
    assert again.channel.admit(NODE2, _header(1, incarnation=8, session=b"restored")) == (True, True)


def test_what_cannot_be_read_of_earlier_ends_is_as_if_never_written(make_bench: MakeBench) -> None:
    again = make_bench(stored={"ends": b"{"})
    assert again.channel.admit(NODE2, _header(1)) == (True, True)


@pytest.mark.parametrize(
    ("nid", "life", "session", "is_stale"),
    [
        (0, 5, b"session0", True),
        (0, 1, b"session0", True),
        (0, 0, b"session0", False),  # older than mine: whoever says so is behind
        (0, 5, b"recorded", False),  # said to an earlier life of mine
        (1, 5, b"session0", False),  # said to another node
    ],
)
def test_only_what_is_said_to_this_very_life_makes_it_start_anew(
    make_bench: MakeBench,
    nid: int,
    life: int,
    session: bytes,
    is_stale: bool,  # noqa: FBT001
) -> None:
    told = StaleLife(Member(Nid(nid), life), session)
    assert make_bench().channel.is_stale(told) is is_stale


# The stream.


def test_a_gap_is_asked_for_after_some_slack_and_then_ever_more_seldom(make_bench: MakeBench) -> None:
    bench = make_bench()
    channel = bench.channel
    channel.admit(NODE2, _header(1))
    assert _numbers(channel.in_order(NODE2, _packet(1))) == [1]
    assert channel.in_order(NODE2, _packet(4)) == []
    asked_s: list[float] = []
    for _ in range(8):
        bench.later(channel.deadline_s() - bench.desk.now_s)
        channel.wake()
        assert bench.sent == [Nak(2, 3)]
        asked_s.append(bench.desk.now_s - 100.0)
    pauses = [round(b - a, 3) for a, b in itertools.pairwise(asked_s)]
    assert asked_s[0] == pytest.approx(NAK_FIRST_S)
    assert pauses == [0.01, 0.02, 0.04, 0.08, 0.1, 0.1, 0.1]
    assert _numbers(channel.in_order(NODE2, _packet(2))) == [2]
    assert _numbers(channel.in_order(NODE2, _packet(3))) == [3, 4]
    assert channel.deadline_s() == float("inf")


def test_a_lost_tail_is_noticed_by_the_number_in_a_beat(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.channel.admit(NODE2, _header(1))
    bench.channel.told_high(NODE2, 3)
    assert bench.channel.deadline_s() == float("inf"), "a first beat tells where to begin"
    bench.channel.told_high(NODE2, 5)
    bench.later(NAK_FIRST_S)
    bench.channel.wake()
    assert bench.sent == [Nak(4, 5)]


def test_what_was_posted_is_repeated_until_everybody_has_it(make_bench: MakeBench) -> None:
    bench = make_bench()
    for number in range(1, 4):
        bench.channel.post(FenceMe(0, str(number)))
    bench.later(0.0)
    bench.channel.repeat(Nak(2, 9))
    assert bench.sent == [FenceMe(0, "2"), FenceMe(0, "3")]
    bench.channel.acknowledged(2)
    bench.later(0.0)
    bench.channel.repeat(Nak(1, 3))
    assert bench.sent == [FenceMe(0, "3")]


def test_a_state_transfer_stands_for_what_was_missing(make_bench: MakeBench) -> None:
    channel = make_bench().channel
    channel.admit(NODE2, _header(1))
    channel.in_order(NODE2, _packet(1))
    channel.in_order(NODE2, _packet(4))
    channel.in_order(NODE2, _packet(7))
    assert _numbers(channel.covered(NODE2, 6)) == [7]
    assert channel.in_order(NODE2, _packet(3)) == []


def test_nothing_grows_without_bound(make_bench: MakeBench) -> None:
    bench = make_bench()
    channel = bench.channel
    channel.admit(NODE2, _header(1))
    channel.in_order(NODE2, _packet(1))
    for number in range(3, EARLY_MAX + 100):
        channel.in_order(NODE2, _packet(number))
        channel.post(FenceMe(0, ""))
    for sequence in range(2, 3 * WINDOW):
        channel.admit(NODE2, _header(sequence))
    sender = channel.senders[NODE2]
    assert len(sender.early) == EARLY_MAX
    assert len(sender.seen) <= 2 * WINDOW
    bench.later(0.0)
    channel.repeat(Nak(1, 1))
    assert not bench.sent, f"only the last {STORE_MAX} are kept"


@given(st.permutations(range(1, 12)), st.sets(st.integers(1, 11)))
def test_any_order_and_any_repetition_comes_out_once_and_in_order(
    make_bench: MakeBench, order: list[int], doubled: set[int]
) -> None:
    channel = make_bench().channel
    channel.admit(NODE2, _header(1))
    channel.told_high(NODE2, 0)
    delivered: list[int] = []
    for number in order:
        for _ in range(2 if number in doubled else 1):
            delivered += _numbers(channel.in_order(NODE2, _packet(number)))
    assert delivered == list(range(1, 12))


class StreamMachine(RuleBasedStateMachine):
    """A sender, a receiver and a wire that loses, doubles, swaps and records; the model is a list."""

    make_bench: MakeBench
    wire = Bundle("wire")

    @initialize()
    def begin(self) -> None:
        self.out = self.make_bench(me=1)
        self.into = self.make_bench(me=0)
        self.posted: list[str] = []
        self.delivered: list[str] = []
        self.life = 1
        self._take(self._beat())

    def _frames(self) -> list[tuple[Header, Packet]]:
        frames = [(e.header, e.packet) for e in self.out.desk.effects if isinstance(e, fx.Send)]
        self.out.later(0.0)
        return frames

    def _beat(self) -> tuple[Header, Packet]:
        """Stands for a beat: a frame that only tells the highest stream number."""
        self.out.channel.send(Nak(-1, self.out.channel.stream_high))
        return self._frames()[-1]

    def _take(self, frame: tuple[Header, Packet]) -> None:
        header, packet = frame
        channel = self.into.channel
        nid = channel.sender(header)
        assert nid is not None
        fresh, _ = channel.admit(nid, header)
        if not fresh:
            return
        if isinstance(packet.message, Nak):
            channel.told_high(nid, packet.message.last)
            return
        for each in channel.in_order(nid, packet):
            assert isinstance(each.message, FenceMe)
            self.delivered.append(each.message.detail)

    @rule(target=wire)
    def post(self) -> tuple[Header, Packet]:
        self.posted.append(f"{self.life}:{len(self.posted)}")
        self.out.channel.post(FenceMe(0, self.posted[-1]))
        return self._frames()[-1]

    @rule(target=wire)
    def beat(self) -> tuple[Header, Packet]:
        return self._beat()

    @rule(frame=wire)
    def arrive(self, frame: tuple[Header, Packet]) -> None:
        """Now, late, twice, or never: whatever was ever on the wire may come at any time."""
        self._take(frame)

    @rule()
    def restart(self) -> None:
        """The sender starts anew: what it had not delivered is gone, and what comes of it later is void."""
        self.life += 1
        self.out = self.make_bench(me=1, incarnation=self.life)
        self.posted = []
        self.delivered = []
        self._take(self._beat())

    @rule()
    def repair(self) -> None:
        """Time passes on a wire that carries what is asked for: nothing is missing in the end."""
        self._take(self._beat())
        for _ in range(40):
            self.into.later(0.1)
            self.into.channel.wake()
            for nak in [message for message in self.into.sent if isinstance(message, Nak)]:
                self.out.channel.repeat(nak)
            for frame in self._frames():
                self._take(frame)
        assert self.delivered == self.posted

    @invariant()
    def in_order_and_once(self) -> None:
        assert self.delivered == self.posted[: len(self.delivered)]


def test_a_stream_over_a_bad_wire_is_a_list(make_bench: MakeBench) -> None:
    """Stateful: the case's class needs the maker of benches, so it is run from here."""
    StreamMachine.make_bench = staticmethod(make_bench)
    run_state_machine_as_test(StreamMachine, settings=settings(max_examples=40, stateful_step_count=40, deadline=None))
