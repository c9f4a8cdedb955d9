"""What is said to the witness over TCP: its greeting, one question, one answer; each with a length before it.

The witness greets with 16 bytes of chance. A question is msgpack, then HMAC-SHA256 (RFC 2104) by the cluster's key over
greeting and question; the answer's is over the question's and the answer. So nothing recorded says anything later, and
nobody without the key is granted anything or heard in the witness's name. There is nothing secret in what is said.
"""

import hashlib
import hmac
from typing import TypeVar

import msgspec

from heartbeat.plugin.quorum import Ruling, Tie, Verdict

VERSION = 1
GREETING_BYTES = 16
LENGTH_BYTES = 2
"""Big-endian, before greeting, question and answer."""
BODY_MAX = 65535
"""The longest question: a hundred names of 255 characters three times do not fit, and are refused as too long."""
TAG_BYTES = 32
"""Of HMAC-SHA256."""
KEY_MIN = 16
"""Bytes; shorter ones could be guessed."""


class Malformed(ValueError):
    """It is nothing that this dialogue knows, or not sealed by that key."""


class Question(msgspec.Struct, frozen=True, array_like=True):
    """The fields of a Tie, after the version."""

    version: int
    cluster: str
    view: tuple[int, int]
    members: tuple[str, ...]
    rank: tuple[int, int]
    company: tuple[str, ...]
    off: tuple[str, ...]

    def tie(self) -> Tie:
        """Return it as everybody else has it."""
        return Tie(self.cluster, self.view, self.members, self.rank, self.company, self.off)


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """The fields of a Ruling."""

    verdict: Verdict
    token: int
    why: str


T = TypeVar("T")


def framed(body: bytes) -> bytes:
    """Return it with its length before it; raises Malformed where that does not fit."""
    if len(body) > BODY_MAX:
        raise Malformed(f"{len(body)} bytes are too long")
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def ask(tie: Tie, key: bytes, greeting: bytes) -> bytes:
    """Return a sealed question."""
    question = Question(VERSION, tie.cluster, tie.view, tie.members, tie.rank, tie.company, tie.off)
    body = msgspec.msgpack.encode(question)
    return body + _seal(key, greeting + body)


def read_question(said: bytes) -> Question:
    """Return who asks what, not yet believed. Raises Malformed, and nothing else, whatever was said."""
    question = _decoded(said[:-TAG_BYTES], Question)
    if question.version != VERSION:
        raise Malformed(f"version {question.version} of the dialogue is not known here")
    return question


def check(said: bytes, key: bytes, greeting: bytes) -> None:
    """Raise Malformed unless the question is sealed by this key, for this greeting."""
    if not hmac.compare_digest(_seal(key, greeting + said[:-TAG_BYTES]), said[-TAG_BYTES:]):
        raise Malformed("the question is not sealed by the cluster's key")


def answer(ruling: Ruling, key: bytes, question: bytes) -> bytes:
    """Return the sealed answer to a sealed question."""
    body = msgspec.msgpack.encode(Answer(ruling.verdict, ruling.token, ruling.why))
    return body + _seal(key, question[-TAG_BYTES:] + body)


def read_answer(said: bytes, key: bytes, question: bytes) -> Ruling:
    """Return the answer to this question. Raises Malformed, and nothing else."""
    if not hmac.compare_digest(_seal(key, question[-TAG_BYTES:] + said[:-TAG_BYTES]), said[-TAG_BYTES:]):
        raise Malformed("the answer is not sealed by the cluster's key")
    told = _decoded(said[:-TAG_BYTES], Answer)
    return Ruling(told.verdict, told.token, told.why)


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.msgpack.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as wrong:
        raise Malformed(f"it is no sentence of this dialogue: {wrong}") from None


def _seal(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()
