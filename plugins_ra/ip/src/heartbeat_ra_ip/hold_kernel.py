"""The kernel's own hold on a service address: it falls silent by itself when nobody renews it.

Nothing of ours has to run for that: not the daemon, not the guard, not any process. What survives SIGKILL of
everything is the address, unable to answer, and the table, which the next start takes over.
"""

import errno

from heartbeat_ra_ip.hold_batch import (
    DELETE_ELEMENT,
    DELETE_TABLE,
    GET_ELEMENT,
    GET_GENERATION,
    NEW_ELEMENT,
    Batches,
    Change,
    attributes,
    text,
)
from heartbeat_ra_ip.hold_rules import (
    TABLE,
    allowed,
    ask_for_chain,
    ask_for_table,
    element,
    guarded,
    on_interface,
    table,
)
from heartbeat_ra_ip.wanted import Address

_ELEMENTS = 3
"""NFTA_SET_ELEM_LIST_ELEMENTS"""
PLACEHOLDER_MS = 1000
"""Of the element that a renewal adds so that it can be deleted, in the same transaction."""


class KernelHold:
    """The hold of one address. Raises OSError from every method where the kernel cannot do it."""

    def __init__(self, ip: Address) -> None:
        self._ip = ip
        self._batches = Batches()
        # Deleting what is not there fails the whole transaction, and adding what is there does not extend it:
        # so it is added, deleted, and added.
        self._cleared = [
            element(NEW_ELEMENT, allowed(ip), ip, PLACEHOLDER_MS),
            element(DELETE_ELEMENT, allowed(ip), ip),
        ]

    def close(self) -> None:
        """Close the socket: the kernel lets us wait 10-30 ms for that, as at the end of a process that has one."""
        self._batches.close()

    def take(self, interface: str, seconds: float) -> None:
        """Guard the address on an interface, and allow it for so long; 0 or less: not at all."""
        changes = [element(NEW_ELEMENT, guarded(self._ip), self._ip), *self._allowing(seconds)]
        if not self._has(ask_for_chain(interface)):
            changes = [*table(), *on_interface(interface), *changes]
        self._batches.commit(changes)

    def renew(self, seconds: float) -> bool:
        """Allow the address for so long from now; False when the table is gone, and with it the guard."""
        try:
            self._batches.commit(self._allowing(seconds))
        except OSError as error:
            if error.errno == errno.ENOENT:
                return False
            raise
        return True

    def release(self) -> None:
        """Guard it no longer; the table goes with the last address. Nothing there: nothing done."""
        if not self._has(ask_for_table()):
            return
        self._batches.commit(
            [
                element(NEW_ELEMENT, guarded(self._ip), self._ip),
                element(DELETE_ELEMENT, guarded(self._ip), self._ip),
                *self._cleared,
            ]
        )
        self._sweep()

    def _allowing(self, seconds: float) -> list[Change]:
        milliseconds = int(seconds * 1000)
        if milliseconds <= 0:
            return self._cleared
        return [*self._cleared, element(NEW_ELEMENT, allowed(self._ip), self._ip, milliseconds)]

    def _has(self, question: Change) -> bool:
        """Asked first, because a transaction that fails lets its caller wait for every processor: 5 ms, measured."""
        try:
            self._batches.ask(question)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return False
            raise
        return True

    def _sweep(self) -> None:
        """Delete the table if it guards nothing, unless somebody changed anything since we looked."""
        try:
            (generation, *_) = self._batches.ask(Change(GET_GENERATION))
            if any(self._elements(f"guarded{version}") for version in (4, 6)):
                return
            # nfgenmsg is 4 bytes, the first attribute's header 4 more, then the number of the generation.
            self._batches.commit([Change(DELETE_TABLE, text(1, TABLE))], generation=generation[8:12])
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ERESTART):
                raise

    def _elements(self, set_name: str) -> bool:
        """Is anything in the set?"""
        answers = self._batches.ask(Change(GET_ELEMENT, text(1, TABLE), text(2, set_name)), dump=True)
        return any(kind == _ELEMENTS and inner for answer in answers for kind, inner in attributes(answer[4:]))
