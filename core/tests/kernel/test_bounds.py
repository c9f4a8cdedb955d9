"""Bounds: a message that names what is not there is dropped whole, and a good one is let in."""

import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from heartbeat.kernel.bounds import COUNT_MAX, Bounds
from heartbeat.model.names import Nid
from heartbeat.model.proof import Proof, Proved
from heartbeat.model.view import Member, ViewId
from heartbeat.wire import messages as m

BOUNDS = Bounds(nodes=2, groups=1)
VIEW = ViewId(3, Nid(0))
BOTH = (Member(Nid(0), 1), Member(Nid(1), 1))
NOBODY = Nid(2)


def _state(nid: int, **more: Any) -> m.State:
    fields: dict[str, Any] = {
        "member": Member(Nid(nid), 1),
        "boot_id": "boot",
        "old": ViewId(),
        "holdings": (),
        "proofs": (),
        "token": 0,
        "stream": 0,
        "sequence": 0,
        "leaving": False,
    }
    return m.State(**(fields | more))


STATES = (_state(0), _state(1))
GOOD: tuple[m.Message, ...] = (
    m.Nak(-5, 10**9),
    m.Propose(VIEW, BOTH, ""),
    m.Refuse(VIEW, VIEW),
    m.Reject(VIEW, (Nid(9),)),
    m.Flush(VIEW, STATES[0]),
    m.Sync(VIEW, BOTH, STATES),
    m.Install(VIEW),
    m.Order(VIEW, 1, 0, Nid(1), "start", ""),
    m.FenceOrder(VIEW, 1, BOTH[1], Nid(0), ""),
    m.FenceReport(1, BOTH[1], "proved", Proved(Nid(1), 1, Proof.READ_BACK, ""), ""),
    m.FenceMe(0, ""),
    m.MoveReply(Nid(0), 1, good=True, text="", groups=(0,)),
    m.Leave(BOTH[0], ()),
)
BAD: tuple[m.Message, ...] = (
    m.Propose(VIEW, (), ""),
    m.Propose(VIEW, BOTH[::-1], ""),
    m.Propose(VIEW, (*BOTH, Member(NOBODY, 1)), ""),
    m.Propose(ViewId(COUNT_MAX + 1, Nid(0)), BOTH, ""),
    m.Refuse(VIEW, ViewId(-1, Nid(0))),
    m.Flush(VIEW, _state(2)),
    m.Flush(VIEW, _state(0, token=-1)),
    m.Flush(VIEW, _state(0, proofs=(Proved(NOBODY, 1, Proof.ASKED, ""),))),
    m.Sync(VIEW, BOTH, STATES[:1]),
    m.Sync(VIEW, BOTH, STATES[::-1]),
    m.Order(VIEW, 1, 1, Nid(1), "start", ""),
    m.Order(VIEW, 1, -1, Nid(1), "start", ""),
    m.Order(VIEW, 1, 0, Nid(-1), "start", ""),
    m.Order(VIEW, COUNT_MAX + 1, 0, Nid(1), "start", ""),
    m.FenceOrder(VIEW, 1, Member(NOBODY, 1), Nid(0), ""),
    m.FenceReport(1, Member(NOBODY, 1), "begun", None, ""),
    m.FenceReport(1, BOTH[1], "proved", Proved(Nid(0), 1, Proof.READ_BACK, ""), ""),
    m.FenceMe(1, ""),
    m.MoveReply(Nid(0), 1, good=True, text="", groups=(1,)),
    m.Leave(Member(NOBODY, 1), ()),
)


@pytest.mark.parametrize("message", GOOD, ids=lambda message: type(message).__name__)
def test_what_can_be_is_let_in(message: m.Message) -> None:
    assert BOUNDS.allow(m.Packet(message))


@pytest.mark.parametrize("message", BAD, ids=lambda message: type(message).__name__)
def test_what_cannot_be_is_dropped(message: m.Message) -> None:
    assert not BOUNDS.allow(m.Packet(message))


@pytest.mark.parametrize(
    "wrong",
    [
        {"deadtime_s": math.inf},
        {"deadtime_s": 0.0},
        {"epoch": -1},
        {"epoch": 2**63},
        {"view": ViewId(2**60, Nid(0))},
        {"stream_high": 2**63},
        {"holdings": (m.Holding(0, m.Local.RUNNING, 2**63, proved=True),)},
    ],
    ids=str,
)
def test_a_beat_beyond_all_counting_is_dropped(beat_of: Callable[..., m.Beat], make_cluster: Any, wrong: Any) -> None:
    good = beat_of(make_cluster(2), 1)
    assert BOUNDS.allow(m.Packet(good))
    assert not BOUNDS.allow(m.Packet(msgspec.structs.replace(good, **wrong)))


def test_a_beat_of_another_configuration_is_still_read(beat_of: Callable[..., m.Beat], make_cluster: Any) -> None:
    """It may hold groups that this node does not know of: files that differ stop planning, not beating."""
    foreign = m.Holding(7, m.Local.RUNNING, 3, proved=True)
    assert BOUNDS.allow(m.Packet(beat_of(make_cluster(2), 1, holdings=(foreign,), digest="other")))


def test_a_negative_stream_number_is_none() -> None:
    assert not BOUNDS.allow(m.Packet(m.Nak(1, 2), stream=-1))
