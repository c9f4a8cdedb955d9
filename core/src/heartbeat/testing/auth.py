"""The conformance tests of an authentication method."""

import random
import time
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from heartbeat.plugin import AuthenticationError, Authenticator, FrameContext, Plugin, Secret
from heartbeat.testing.contract import DeclarationConformance

HEADER = bytes(range(44))
"""As long as core's header; the bytes mean nothing here."""


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """One published or independently computed result: what these inputs must give, for ever."""

    key: str
    context: FrameContext
    payload: bytes
    sealed: bytes


def a_context(sequence: int = 1, *, raw: bytes = HEADER, incarnation: int = 3) -> FrameContext:
    """Return a frame's context for tests."""
    return FrameContext(raw, b"\x01" * 8, incarnation, b"\x02" * 8, sequence)


def flipped(data: bytes, bit: int) -> bytes:
    """Return the bytes with one bit turned over, counted from the first byte's lowest."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


class AuthConformance(DeclarationConformance):
    """Subclass it and give ``plugin``; give ``vectors`` too, at least one, computed by another implementation.

    ``plugin`` is made without arguments, as core does, and needs nothing of the host.
    """

    plugin: ClassVar[type[Plugin]]
    vectors: ClassVar[tuple[KnownAnswer, ...]] = ()
    key: ClassVar[Secret] = Secret("correct horse battery staple")

    @pytest.fixture
    def method(self) -> Authenticator:
        made = self.plugin()
        assert isinstance(made, Authenticator)
        return made

    @pytest.mark.parametrize("length", [0, 1, 200, 1400, 65536])
    def test_what_was_sealed_opens(self, method: Authenticator, length: int) -> None:
        payload = random.Random(length).randbytes(length)  # noqa: S311 - the same in every run
        sealed = method.seal(self.key, a_context(), payload)
        assert method.open(self.key, a_context(), sealed) == payload

    def test_overhead_is_what_sealing_adds(self, method: Authenticator) -> None:
        for length in (0, 7, 1400):
            assert len(method.seal(self.key, a_context(), bytes(length))) == length + method.overhead

    def test_another_instance_opens_it_and_seals_alike(self, method: Authenticator) -> None:
        """Nodes share the key and nothing else; the order in which frames arrive is nobody's."""
        frames = [(a_context(n), b"beat %d" % n) for n in (9, 2, 7)]
        sealed = [method.seal(self.key, context, payload) for context, payload in frames]
        other = self.plugin()
        assert isinstance(other, Authenticator)
        for (context, payload), box in reversed(list(zip(frames, sealed, strict=True))):
            assert other.open(self.key, context, box) == payload
            assert other.seal(self.key, context, payload) == box

    def test_one_flipped_bit_anywhere_is_refused(self, method: Authenticator) -> None:
        sealed = method.seal(self.key, a_context(), b"node1 holds 10.0.0.1")
        for bit in range(len(sealed) * 8):
            self.refused(method, self.key, a_context(), flipped(sealed, bit))

    def test_one_flipped_bit_in_the_header_is_refused(self, method: Authenticator) -> None:
        sealed = method.seal(self.key, a_context(), b"node1 holds 10.0.0.1")
        for bit in range(len(HEADER) * 8):
            self.refused(method, self.key, a_context(raw=flipped(HEADER, bit)), sealed)

    def test_truncated_empty_and_lengthened_are_refused(self, method: Authenticator) -> None:
        sealed = method.seal(self.key, a_context(), b"node1 holds 10.0.0.1")
        for length in range(len(sealed)):
            self.refused(method, self.key, a_context(), sealed[:length])
            self.refused(method, self.key, a_context(), sealed[len(sealed) - length :])
        self.refused(method, self.key, a_context(), sealed + b"\0")

    def test_garbage_is_refused_with_nothing_but_authentication_error(self, method: Authenticator) -> None:
        dice = random.Random(0)  # noqa: S311 - the same in every run
        for length in [*range(80), 1400, 65535]:
            self.refused(method, self.key, a_context(), dice.randbytes(length))

    def test_another_key_is_refused(self, method: Authenticator) -> None:
        if not method.needs_key:
            pytest.skip(f"{self.plugin.__name__} uses no key")
        sealed = method.seal(self.key, a_context(), b"beat")
        for text in ("", "x", self.key.reveal() + "x", self.key.reveal()[:-1], self.key.reveal().upper(), "ключ"):
            self.refused(method, Secret(text), a_context(), sealed)

    def test_a_frame_of_another_life_is_refused(self, method: Authenticator) -> None:
        """Core puts all of these into the header; here they change as they would there, one at a time."""
        sealed = method.seal(self.key, a_context(), b"beat")
        for number, other in enumerate(self.other_contexts()):
            self.refused(method, self.key, replace(other, raw=flipped(HEADER, number)), sealed)

    def test_known_answers(self, method: Authenticator) -> None:
        for vector in self.vectors:
            key = Secret(vector.key)
            assert method.seal(key, vector.context, vector.payload) == vector.sealed
            assert method.open(key, vector.context, vector.sealed) == vector.payload

    def test_strength_is_honest(self, method: Authenticator) -> None:
        assert method.strength in (0, 1, 2, 3)
        assert (method.strength > 0) == method.needs_key, "without a key nothing is authentic"
        payload = b"a payload that is easy to recognise"
        hidden = payload not in method.seal(self.key, a_context(), payload)
        assert hidden == (method.strength == 3), "strength 3 means secret, and nothing below it does"

    def test_the_key_is_shown_nowhere(self, method: Authenticator, caplog: pytest.LogCaptureFixture) -> None:
        text = self.key.reveal()
        sealed = method.seal(self.key, a_context(), b"beat")
        with pytest.raises(AuthenticationError) as refusal:
            method.open(self.key, a_context(), flipped(sealed, 3))
        assert text.encode() not in sealed
        assert text not in repr(method) + str(refusal.value) + repr(refusal.value) + caplog.text

    def test_a_beat_costs_less_than_a_millisecond(self, method: Authenticator) -> None:
        """Sealing is on the path of every beat. The bound is for the slowest machine, not a benchmark: best of many."""
        best_s = 1.0
        for sequence in range(1, 50):
            began_s = time.perf_counter()
            method.open(self.key, a_context(sequence), method.seal(self.key, a_context(sequence), bytes(1400)))
            best_s = min(best_s, time.perf_counter() - began_s)
        assert best_s < 0.001

    def refused(self, method: Authenticator, key: Secret, context: FrameContext, sealed: bytes) -> None:
        """Fail unless opening raises AuthenticationError and nothing else."""
        try:
            method.open(key, context, sealed)
        except AuthenticationError:
            return
        pytest.fail(f"opened {len(sealed)} bytes that were never sealed so")

    def other_contexts(self) -> list[FrameContext]:
        """Return contexts that each differ from ``a_context()`` in one field."""
        one = a_context()
        return [
            replace(one, sender=b"\x09" * 8),
            replace(one, incarnation=4),
            replace(one, session=b"\x09" * 8),
            replace(one, sequence=2),
            replace(one, sequence=2**64 - 1),
        ]
