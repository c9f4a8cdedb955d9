"""The quorum engine: what may this view do? A pure function of who is in, who votes and who is proved away.

Whatever it calls primary holds more than half of all votes, or half of them and the one tie-breaker. So two primary
views always have a node in common, or the tie-breaker outside, and a part of the cluster that goes on knows of every
part that went on before.
"""

from collections.abc import Callable, Collection, Sequence

from heartbeat.kernel import roll as rolls
from heartbeat.model.cluster import Cluster
from heartbeat.model.electorate import Roll
from heartbeat.model.names import Nid
from heartbeat.model.view import Standing
from heartbeat.wire.messages import State

WORDS = {
    Standing.PRIMARY: "this view may act",
    Standing.PENDING: "this view keeps what it holds and starts nothing that needs proof",
    Standing.WAITING: "this view keeps what it holds until somebody decides between the halves",
    Standing.NO_QUORUM: "this view may neither fence nor take",
}


def standing(cluster: Cluster, members: tuple[Nid, ...], is_proved_away: Callable[[Nid], bool]) -> tuple[Standing, str]:
    """Return what a view of these members may do, and why, in words.

    All configured nodes count, also when they are away. Two nodes need no majority, because the one that is left must
    prove the other away first. From three on a majority decides, and proofs do not replace it.
    """
    nodes = len(cluster.nodes)
    if len(members) == nodes:
        return Standing.PRIMARY, "all nodes are in the view"
    if nodes == 2:
        (absent,) = (Nid(n) for n in range(2) if n not in members)
        if is_proved_away(absent):
            return Standing.PRIMARY, "the other of two nodes is proved off or left in order"
        return Standing.PENDING, "one of two nodes: the other is not proved off"
    return _by_majority(cluster, members)


def judge(cluster: Cluster, states: Sequence[State], able: Collection[Nid] | None = None) -> tuple[Standing, str]:
    """Return what a view may do by what its members bring into it, and why; proofs may still come.

    ``able``: only these members count.
    """
    nids = tuple(state.member.nid for state in states if able is None or state.member.nid in able)
    if is_tie(cluster, nids):
        return _by_grant(cluster, states)
    if not cluster.electorate.window_s or len(nids) == len(cluster.nodes):
        return standing(cluster, nids, lambda _: False)
    present = [nid for nid in rolls.voting(states) if nid in nids]
    is_one, why = rolls.majority(cluster, rolls.merged(state.roll for state in states), present)
    return (Standing.PRIMARY if is_one else Standing.NO_QUORUM), why


def is_tie(cluster: Cluster, nids: Collection[Nid]) -> bool:
    """Are these half of the votes, and is there somebody outside who may grant them the right to go on?"""
    electorate, nodes = cluster.electorate, len(cluster.nodes)
    if not electorate.tie_breakers or nodes == 2:
        return False
    return 2 * electorate.of(nids) == electorate.of(map(Nid, range(nodes)))


def outlives(cluster: Cluster, holders: tuple[Nid, ...], members: tuple[Nid, ...], roll: Roll) -> bool:
    """Is one of these nodes in every primary view that can come? Then so is what they hold.

    Of two nodes either may become primary alone, by a proof: only what both hold outlives them. ``members``, ``roll``:
    of the present primary view.
    """
    absent = tuple(Nid(n) for n in range(len(cluster.nodes)) if n not in holders)
    if not absent or len(cluster.nodes) == 2:
        return not absent
    if members and set(members) <= set(holders):
        return True  # the next one has one of them, or has met one: so the tie-breaker has it
    if cluster.electorate.window_s:
        return bool(roll.since.epoch) and not rolls.majority(cluster, roll, absent)[0]
    return not is_tie(cluster, absent) and standing(cluster, absent, lambda _: False)[0] is not Standing.PRIMARY


def _by_grant(cluster: Cluster, states: Sequence[State]) -> tuple[Standing, str]:
    """Half of the votes: do all of them come from the one view that was granted the right?"""
    share = f"{cluster.electorate.of(state.member.nid for state in states)} votes are half"
    olds = {state.old for state in states}
    if len(olds) == 1 and any(state.granted.epoch and state.granted in olds for state in states):
        return Standing.PRIMARY, f"{share}, and {cluster.electorate.tie_breakers[-1]} granted them the right"
    return Standing.NO_QUORUM, f"{share}, and nobody has granted them the right"


def _by_majority(cluster: Cluster, members: tuple[Nid, ...]) -> tuple[Standing, str]:
    electorate = cluster.electorate
    ours, total = electorate.of(members), electorate.of(map(Nid, range(len(cluster.nodes))))
    share = f"{ours} of {total} {'votes' if electorate.votes else 'nodes'} are"
    if 2 * ours > total:
        return Standing.PRIMARY, f"{share} a majority"
    if 2 * ours < total or electorate.tie_breaker < 0:
        return Standing.NO_QUORUM, f"{share} no majority"
    name = cluster.nodes[electorate.tie_breaker]
    if electorate.tie_breaker in members:
        return Standing.PRIMARY, f"{share} half, with {name}, the tie-breaker"
    return Standing.NO_QUORUM, f"{share} half, without {name}, the tie-breaker"
