"""How a message is delivered: what a program may rely on, from nothing to a total order that survives its holders."""

import enum


class Delivery(enum.IntEnum):
    """Each class promises what the one before it does, except that an ordered one waits for a primary view."""

    RAW = 0
    """Once or never, in any order."""
    FIFO = 1
    """The messages of one sender in the order in which they were said; members of the next view have the same ones."""
    CAUSAL = 2
    """Besides: after every FIFO or CAUSAL message that its sender's node had delivered before."""
    AGREED = 3
    """The same order at everybody, given out as soon as it is known; a minority may see a tail that the rest drops."""
    SAFE = 4
    """The same order, given out once so many nodes hold the message that every later primary view has one of them."""

    @property
    def is_ordered(self) -> bool:
        return self >= Delivery.AGREED
