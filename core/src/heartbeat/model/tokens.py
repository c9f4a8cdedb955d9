"""Tokens: each order about a group has a greater one than all before it, so that a late one is told from a new one.

What counts is not when an order was given but what its node has seen since. The executor of a node keeps the highest
token of each group that it has seen. It refuses to start anything for a lower one, and for that very one once a stop
has come or the daemon that sent it is gone.
"""

from collections.abc import Mapping

from heartbeat.model.operation import Action

GATED = (Action.START, Action.PROMOTE)
"""What a late order must not do. To stop something, or to look at it, is always right."""


class Tokens:
    """The highest token of each group that one machine has seen since it booted."""

    def __init__(self, highest: Mapping[str, int] | None = None) -> None:
        """``highest``: by group, what was kept from before; orders with just these are over."""
        self.highest: dict[str, int] = dict(highest or {})
        self._open: set[str] = set()
        """Groups of which the order with the highest token is a start that may go on, resource after resource."""
        self._stopped: set[str] = set()
        """Groups that were told to stop after that."""

    def is_late(self, group: str, token: int) -> bool:
        """Must nothing begin any more for a start with this token?"""
        highest = self.highest.get(group, 0)
        return token < highest or (token == highest and group not in self._open)

    def is_overtaken(self, group: str, token: int) -> bool:
        """Has anything been heard since a start with this token began, so that it must not count?"""
        return token < self.highest.get(group, 0) or group in self._stopped

    def see(self, group: str, token: int, action: Action) -> None:
        """Take note of an order that is not late, or that is no start. A look is none."""
        if action not in (*GATED, Action.STOP):
            return
        self.highest[group] = max(token, self.highest.get(group, 0))
        if action in GATED:
            self._open.add(group)
            self._stopped.discard(group)
        else:
            self._open.discard(group)
            self._stopped.add(group)

    def raise_to(self, highest: Mapping[str, int]) -> None:
        """Take what somebody else has seen; a start that is lower by that is late from now on."""
        for group, token in highest.items():
            if token > self.highest.get(group, 0):
                self.highest[group] = token
                self._open.discard(group)
                self._stopped.discard(group)

    def daemon_left(self) -> None:
        """Nobody is left to go on with a start; what has begun may end, and counts."""
        self._open.clear()
