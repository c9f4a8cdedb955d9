"""Authenticated encryption for heartbeat: ChaCha20-Poly1305 and AES-256-GCM.

Both are ruined by sealing two payloads with one key and nonce. So no two lives of a daemon share a key: it is
derived from the secret for one method, sender, incarnation and session (HKDF-SHA256, RFC 5869), and within it the
frame's sequence is the nonce. A node that crashed, or lost even its store, draws another session and with it
another key.
"""

import functools
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from heartbeat.plugin import AuthenticationError, Authenticator, FrameContext, Secret

KEY_BYTES = 32
"""ChaCha20-Poly1305 (RFC 8439) and AES-256 alike."""
NONCE_BYTES = 12
"""96 bits: RFC 8439 section 2.8, NIST SP 800-38D section 5.2.1.1."""
TAG_BYTES = 16

KEPT_CIPHERS = 128
"""Derived ciphers kept: 32 nodes with an old and a new key, twice. Strangers' headers only push others out,
and deriving one again costs microseconds."""

_LABEL = b"heartbeat aead 1 "


Cipher = ChaCha20Poly1305 | AESGCM


class Aead(Authenticator):
    """What both methods share: the header is authenticated, the payload encrypted and authenticated."""

    strength = 3
    overhead = TAG_BYTES
    method: ClassVar[str]
    construction: ClassVar[type[Cipher]]

    def __init__(self) -> None:
        self._cipher = functools.lru_cache(maxsize=KEPT_CIPHERS)(self._derive)

    def seal(self, key: Secret, context: FrameContext, payload: bytes) -> bytes:
        """Return ciphertext and tag. The nonce is not sent: it is the sequence in the header."""
        cipher = self._cipher(key, context.sender, context.incarnation, context.session)
        return cipher.encrypt(_nonce(context), payload, context.raw)

    def open(self, key: Secret, context: FrameContext, sealed: bytes) -> bytes:
        """Return the payload; raises AuthenticationError."""
        cipher = self._cipher(key, context.sender, context.incarnation, context.session)
        try:
            return cipher.decrypt(_nonce(context), sealed, context.raw)
        except InvalidTag:
            raise AuthenticationError("not sealed with this key for this frame") from None

    def _derive(self, key: Secret, sender: bytes, incarnation: int, session: bytes) -> Cipher:
        """Return the cipher of one life. Every field of ``info`` has a fixed length, so no two lives share one."""
        info = _LABEL + self.method.encode() + b"\0" + sender + incarnation.to_bytes(8, "big") + session
        secret = key.reveal().encode("utf-8", "surrogateescape")
        return self.construction(HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(secret))


def _nonce(context: FrameContext) -> bytes:
    return context.sequence.to_bytes(NONCE_BYTES, "big")


class ChaCha20(Aead):
    """ChaCha20-Poly1305 (RFC 8439): fast on every processor, in constant time without special instructions."""

    api = 1
    title = "ChaCha20-Poly1305, authenticated and secret"
    docs_url = "https://www.rfc-editor.org/rfc/rfc8439"
    method = "chacha20"
    construction = ChaCha20Poly1305


class Aes256Gcm(Aead):
    """AES-256 in Galois counter mode (NIST SP 800-38D): the faster one where the processor has AES instructions."""

    api = 1
    title = "AES-256-GCM, authenticated and secret"
    docs_url = "https://www.rfc-editor.org/rfc/rfc5116"
    method = "aes256gcm"
    construction = AESGCM
