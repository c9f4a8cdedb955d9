"""The contract of an authentication method: plain calls on the path of every beat."""

import abc
from dataclasses import dataclass
from typing import ClassVar

from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.secret import Secret


class AuthenticationError(Exception):
    """The bytes were not sealed with this key for this context, or were changed on the way."""


@dataclass(frozen=True, slots=True)
class FrameContext:
    """The frame's header: bound to the payload, sent in clear.

    ``(sender, incarnation, session, sequence)`` is never used for two different payloads, also after a crash:
    the incarnation is stored before the first frame, and ``session`` is random for each start of the daemon, so
    that even a node that lost its store repeats nothing.
    """

    raw: bytes
    """The whole header as it goes over the wire; authenticate all of it."""
    sender: bytes
    """8 bytes that name the sending node."""
    incarnation: int
    session: bytes
    """8 random bytes."""
    sequence: int
    """Counts up from 1; below 2**64."""


class Authenticator(Plugin, abc.ABC):
    """Seals payloads and opens sealed ones. One instance lives as long as the daemon and serves all keys.

    The entry point's name is the method's word in authkeys (``1 sha1 secret``). Key numbers, rotation and
    replay are core's affair.
    """

    strength: ClassVar[int] = 0
    """0: integrity only (crc). 1: authentic, by an aged hash (md5, sha1). 2: authentic. 3: authentic and secret."""
    needs_key: ClassVar[bool] = True
    overhead: ClassVar[int] = 0
    """Bytes that sealing adds to a payload."""

    @abc.abstractmethod
    def seal(self, key: Secret, context: FrameContext, payload: bytes) -> bytes:
        """Return the sealed payload, bound to the context."""

    @abc.abstractmethod
    def open(self, key: Secret, context: FrameContext, sealed: bytes) -> bytes:
        """Return the payload; raises AuthenticationError, and nothing else, whatever the bytes are."""
