"""The one place that looks under a kernel's skin: what its parts believe, for the checkers.

Nothing here changes anything.
"""

from collections.abc import Iterator, Mapping

from heartbeat.kernel import channel
from heartbeat.kernel.case import Stage
from heartbeat.kernel.kernel import Kernel
from heartbeat.kernel.messaging import order, outbox, streams
from heartbeat.model.electorate import Roll
from heartbeat.model.names import Nid
from heartbeat.model.view import Member, Standing, View, ViewId
from heartbeat.wire.messages import Local


def view(kernel: Kernel) -> View:
    return kernel._membership.view


def standing(kernel: Kernel) -> Standing:
    return kernel._director.standing


def roll(kernel: Kernel) -> Roll:
    return kernel._voters.roll


def flushing(kernel: Kernel) -> ViewId:
    """Return the ballot of the round that it waits on, epoch 0 when there is none."""
    membership = kernel._membership
    return membership.promised if membership._flushed_s != float("inf") else ViewId()


def phase(kernel: Kernel) -> str:
    """Return the state of its membership, in a word."""
    membership = kernel._membership
    if membership._round is not None:
        return "coordinating"
    return "flushing" if membership.is_flushing else membership.phase.value


def known(kernel: Kernel) -> dict[Nid, int]:
    return {nid: peer.incarnation for nid, peer in kernel._detector.peers.items()}


def member(kernel: Kernel) -> Member:
    return kernel._desk.member


def hears(kernel: Kernel, nid: Nid) -> bool:
    return kernel._detector.peers[nid].alive


def deadtime_s(kernel: Kernel) -> float:
    return kernel._detector.deadtime_s


def is_for_cause(kernel: Kernel, target: Nid) -> bool:
    case = kernel._fencing.cases.get(target)
    return case is not None and (case.for_cause or "cannot stop" in case.why)


def fences(kernel: Kernel) -> bool:
    """True while a fence is under way, as far as it knows, or waits for its next attempt."""
    now_s = kernel._desk.now_s
    return any(
        case.stage is Stage.UNDER_WAY or (case.stage is Stage.WAITING and case.not_before_s > now_s)
        for case in kernel._fencing.cases.values()
    )


def open_confirmations(kernel: Kernel) -> Mapping[Nid, tuple[int, Member]]:
    return kernel._confirming._open


def condemned(kernel: Kernel) -> list[Nid]:
    """Return the nodes that speak in a life that was proved over: they never join again as they are."""
    peers = kernel._detector.peers
    return [nid for nid, peer in peers.items() if kernel._ledger.is_haunted(nid, peer.incarnation)]


def blocked(kernel: Kernel) -> list[str]:
    return [group.group.name for group in kernel._groups if group.state is Local.BLOCKED]


def failed(kernel: Kernel) -> list[str]:
    return [group.group.name for group in kernel._groups if group.failures]


def takers(kernel: Kernel | None, index: int) -> set[Nid]:
    """Return the members that could be given a group, as the director of this kernel sees them."""
    if kernel is None:
        return set()
    return {nid for nid in kernel._membership.view.nids if kernel._director.can_take(index, nid)}


def obstacle(kernel: Kernel, index: int) -> str:
    """Return what keeps it from starting a group, as its director sees it."""
    return kernel._director.obstacle(index)[0]


def kept_without_quorum(kernel: Kernel) -> tuple[str, ...]:
    """Return the groups that run while it has no quorum, has an executor to stop them with, and does nothing."""
    director = kernel._director
    if director.standing is not Standing.NO_QUORUM or not director.executor_ready or not view(kernel).members:
        return ()
    return tuple(g.group.name for g in kernel._groups if g.state is Local.RUNNING and not g.is_busy)


def holds(kernel: Kernel, body: bytes, place: int) -> bool:
    """Does it hold this at that place of the history, or has it given it out?"""
    log = kernel._messaging.log
    return log.entries[place].run.body == body if place in log.entries else place <= log.given


def sizes(kernel: Kernel) -> Iterator[tuple[str, int, int]]:
    """Yield (queue, length, bound) of everything that grows with what comes in."""
    mine, nodes = kernel._channel, len(kernel._desk.cluster.nodes)
    yield "stream messages kept for repair", len(mine._store), channel.STORE_MAX
    yield "senders", len(mine.senders), nodes
    for sender in mine.senders.values():
        yield "early stream messages", len(sender.early), channel.EARLY_MAX
        yield "sequence numbers seen", len(sender.seen), 2 * channel.WINDOW
    yield from _talk_sizes(kernel)
    yield "fencing cases", len(kernel._fencing.cases), nodes
    yield "proofs", len(kernel._ledger.proofs), nodes
    yield "nodes that sit out", len(kernel._membership._sits_out), nodes
    yield "outstanding orders", len(kernel._director._outstanding), len(kernel._groups)
    for group in kernel._groups:
        yield "operations of one group", len(group._waiting), len(group.group.resources) + 1


def _talk_sizes(kernel: Kernel) -> Iterator[tuple[str, int, int]]:
    messaging, nodes = kernel._messaging, len(kernel._desk.cluster.nodes)
    yield "runs that wait to be said", len(messaging.outbox), 2 * outbox.QUEUE_MAX
    yield "places kept", len(messaging.log.entries), 2 * order.WINDOW
    for flow in messaging.streams.flows.values():
        yield "early runs", len(flow.early), streams.EARLY_MAX
        yield "runs kept for repair", len(flow.kept), order.WINDOW + nodes * streams.WANT_MAX


def proved_life(kernel: Kernel, nid: Nid) -> int:
    """Return up to which life a node is proved over."""
    return kernel._ledger.proofs[nid].incarnation
