"""The quorum engine: what may this view do? A pure function of who is in and who is proved away."""

from collections.abc import Callable

from heartbeat.model.names import Nid
from heartbeat.model.view import Standing

WORDS = {
    Standing.PRIMARY: "this view may act",
    Standing.PENDING: "this view keeps what it holds and starts nothing that needs proof",
    Standing.NO_QUORUM: "this view may neither fence nor take",
}


def standing(nodes: int, members: tuple[Nid, ...], is_proved_away: Callable[[Nid], bool]) -> tuple[Standing, str]:
    """Return what a view of these members may do, and why, in words.

    ``nodes`` is the number configured and never shrinks by itself. Two nodes need no majority, because the one
    that is left must prove the other away first. From three on a majority decides, and proofs do not replace it.
    """
    if len(members) == nodes:
        return Standing.PRIMARY, "all nodes are in the view"
    if nodes == 2:
        (absent,) = (Nid(n) for n in range(2) if n not in members)
        if is_proved_away(absent):
            return Standing.PRIMARY, "the other of two nodes is proved off or left in order"
        return Standing.PENDING, "one of two nodes: the other is not proved off"
    if 2 * len(members) > nodes:
        return Standing.PRIMARY, f"{len(members)} of {nodes} nodes are a majority"
    return Standing.NO_QUORUM, f"{len(members)} of {nodes} nodes are no majority"
