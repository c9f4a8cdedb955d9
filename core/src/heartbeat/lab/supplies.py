"""The power supplies of a lab's nodes behind its simulated devices: who is left without current.

A node has current while each level of its devices lets some through: devices of one level feed its supplies side by
side, and levels stand one behind the other, as a switched strip and the controller on the node's own board do.
"""

from collections.abc import Iterable


class Supplies:
    """Which relays there are, and which are off. Not thread-safe: its owner takes orders one after the other."""

    def __init__(self, fed: Iterable[tuple[str, str]]) -> None:
        """``fed``: each node with each of its relays, ``LEVEL.SUPPLY``."""
        self._relays: dict[str, dict[str, bool]] = {}
        for node, relay in fed:
            self._relays.setdefault(node, {})[relay] = True

    def has(self, node: str, relay: str) -> bool:
        return relay in self._relays.get(node, {})

    def is_on(self, node: str, relay: str) -> bool:
        """Return what a relay lets through; a machine that fell over behind it changes nothing."""
        return self._relays[node][relay]

    def turn(self, node: str, relay: str, *, on: bool) -> None:
        self._relays[node][relay] = on

    def all_on(self, node: str) -> None:
        """Somebody switched the node on by hand, whatever was off."""
        self._relays[node] = dict.fromkeys(self._relays.get(node, {}), True)

    def feed(self, node: str) -> bool:
        """Does current reach the node?"""
        levels: dict[str, bool] = {}
        for relay, on in self._relays.get(node, {}).items():
            level = relay.partition(".")[0]
            levels[level] = levels.get(level, False) or on
        return all(levels.values())
