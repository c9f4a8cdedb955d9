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
    GET_TABLE,
    NEW_ELEMENT,
    Batches,
    Change,
    attributes,
    text,
)
from heartbeat_ra_ip.hold_rules import PREFIX, allowed, ask_for_table, element, guarded, lasting, made, table_of
from heartbeat_ra_ip.wanted import Address

PLACEHOLDER_MS = 1000
"""Of the element that a renewal adds so that it can be deleted, in the same transaction."""

_GENERAL_BYTES = 4
"""nfgenmsg, in front of every answer's attributes"""
_NAME, _GENERATION_ID, _ELEMENTS = 1, 1, 3
"""NFTA_TABLE_NAME, NFTA_GEN_ID, NFTA_SET_ELEM_LIST_ELEMENTS"""


class KernelHold:
    """The hold of one address. Raises OSError from every method where the kernel cannot do it."""

    def __init__(self, ip: Address) -> None:
        self._ip = ip
        self._batches = Batches()
        self._table = ""
        self._begun: list[Change] = []
        self._allowed = Change(NEW_ELEMENT)
        """What a renewal ends with; made once, only its time-out changes."""

    def close(self) -> None:
        """Close the socket: the kernel lets us wait 10-30 ms for that, as at the end of a process that has one."""
        self._batches.close()

    def take(self, interface: str, seconds: float) -> None:
        """Guard the address on an interface, and allow it for so long; 0 or less: not at all."""
        self._table = table_of(interface)
        self._begun = [element(NEW_ELEMENT, self._table, guarded(self._ip), self._ip), *self._cleared(self._table)]
        self._allowed = element(NEW_ELEMENT, self._table, allowed(self._ip), self._ip, PLACEHOLDER_MS)
        making = [] if self._has(self._table) else made(self._table, interface)
        self._batches.commit([*making, *self._allowing(seconds)])

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
        """Guard it nowhere any longer; a table goes with its last address. Nothing there: nothing done."""
        for table in self._tables():
            out = element(NEW_ELEMENT, table, guarded(self._ip), self._ip)
            gone = element(DELETE_ELEMENT, table, guarded(self._ip), self._ip)
            self._batches.commit([out, gone, *self._cleared(table)])
            self._sweep(table)

    def _cleared(self, table: str) -> list[Change]:
        """Return what makes sure that the address is not allowed.

        Deleting what is not there fails the whole transaction, which lets its caller wait for every processor (5 ms,
        measured), and adding what is there does not extend it: so it is added and deleted.
        """
        comes = element(NEW_ELEMENT, table, allowed(self._ip), self._ip, PLACEHOLDER_MS)
        return [comes, element(DELETE_ELEMENT, table, allowed(self._ip), self._ip)]

    def _allowing(self, seconds: float) -> list[Change]:
        milliseconds = int(seconds * 1000)
        if milliseconds <= 0:
            return self._begun
        lasting(self._allowed, milliseconds)
        return [*self._begun, self._allowed]

    def _has(self, table: str) -> bool:
        """Asked before the first one: a transaction that fails lets its caller, and whoever comes next, wait for some
        milliseconds. A renewal finds the table where it was, but for the one time when somebody has flushed it."""
        try:
            self._batches.ask(ask_for_table(table))
        except OSError as error:
            if error.errno == errno.ENOENT:
                return False
            raise
        return True

    def _tables(self) -> list[str]:
        """Return all tables of the hold, whoever made them."""
        answers = self._batches.ask(Change(GET_TABLE), dump=True)
        found = [dict(attributes(answer[_GENERAL_BYTES:]))[_NAME].rstrip(b"\0").decode() for answer in answers]
        return [name for name in found if name.startswith(PREFIX)]

    def _sweep(self, table: str) -> None:
        """Delete a table that guards nothing, unless somebody changed anything since we looked."""
        try:
            (answer, *_) = self._batches.ask(Change(GET_GENERATION))
            if any(self._is_filled(table, f"guarded{version}") for version in (4, 6)):
                return
            generation = dict(attributes(answer[_GENERAL_BYTES:]))[_GENERATION_ID]
            self._batches.commit([Change(DELETE_TABLE, text(1, table))], generation)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ERESTART):
                raise

    def _is_filled(self, table: str, set_name: str) -> bool:
        answers = self._batches.ask(Change(GET_ELEMENT, text(1, table), text(2, set_name)), dump=True)
        return any(dict(attributes(answer[_GENERAL_BYTES:])).get(_ELEMENTS) for answer in answers)
