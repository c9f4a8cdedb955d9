"""The two AEAD methods: conformance, published vectors, and no key and nonce twice."""

from pathlib import Path

import pytest
from heartbeat.plugin import AuthenticationError, FrameContext, Secret
from heartbeat.testing.auth import AuthConformance, KnownAnswer, a_context
from heartbeat_auth_aead import KEPT_CIPHERS, Aead, Aes256Gcm, ChaCha20
from hypothesis import given
from hypothesis import strategies as st

README = Path(__file__).parents[1] / "README.md"
KEY = "correct horse battery staple"
METHODS = [ChaCha20, Aes256Gcm]


class TestChaCha20(AuthConformance):
    """The key of the vector is `openssl kdf`'s, the construction is the one that passes RFC 8439 below."""

    plugin = ChaCha20
    readme = README
    vectors = (KnownAnswer(KEY, a_context(), b"beat", bytes.fromhex("e1b19e87e0ed48a4077a5848b4616c2196f3ed51")),)


class TestAes256Gcm(AuthConformance):
    plugin = Aes256Gcm
    readme = README
    vectors = (KnownAnswer(KEY, a_context(), b"beat", bytes.fromhex("f0dabd020c53e9dff59804363cf168dd904769d0")),)


def test_chacha20_is_the_construction_of_rfc_8439_section_2_8_2() -> None:
    text = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
        b"sunscreen would be it."
    )
    cipher = ChaCha20.construction(bytes(range(0x80, 0xA0)))
    sealed = cipher.encrypt(bytes.fromhex("070000004041424344454647"), text, bytes.fromhex("50515253c0c1c2c3c4c5c6c7"))
    assert sealed[:8].hex() == "d31a8d34648e60db"
    assert sealed[-16:].hex() == "1ae10b594f09e26a7e902ecbd0600691"


def test_aes256gcm_is_the_construction_of_test_case_16_of_the_gcm_specification() -> None:
    key = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
    text = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    more = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    sealed = Aes256Gcm.construction(key).encrypt(bytes.fromhex("cafebabefacedbaddecaf888"), text, more)
    assert sealed[-16:].hex() == "76fc6ece0f4e1768cddf8853bb2d551b"


@pytest.mark.parametrize(
    ("method", "derived"),
    [
        (ChaCha20, "2297599bbb258b06b344a2674d2ec2cae102d6a46b68ecc90dd2630b3549f6fe"),
        (Aes256Gcm, "b0a28d7d0bc0edd6b4284ac3f4980883835223f6b578a50fe3ac541549fe4aa0"),
    ],
)
def test_the_key_is_the_one_that_openssl_derives(method: type[Aead], derived: str) -> None:
    """`openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt key:... -kdfopt hexinfo:... HKDF`"""
    context = a_context()
    by_openssl = method.construction(bytes.fromhex(derived)).encrypt((1).to_bytes(12, "big"), b"beat", context.raw)
    assert method().seal(Secret(KEY), context, b"beat") == by_openssl


contexts = st.builds(
    FrameContext,
    st.binary(min_size=44, max_size=44),
    st.binary(min_size=8, max_size=8),
    st.integers(0, 2**64 - 1),
    st.binary(min_size=8, max_size=8),
    st.integers(1, 2**64 - 1),
)


@pytest.mark.parametrize("method", METHODS)
@given(one=contexts, other=contexts, payload=st.binary(max_size=64))
def test_only_its_own_frame_opens_a_payload(
    method: type[Aead], one: FrameContext, other: FrameContext, payload: bytes
) -> None:
    box = method()
    sealed = box.seal(Secret("s"), one, payload)
    assert box.open(Secret("s"), one, sealed) == payload
    if one != other:
        with pytest.raises(AuthenticationError):
            box.open(Secret("s"), other, sealed)


@pytest.mark.parametrize("method", METHODS)
def test_no_two_lives_and_no_two_frames_share_key_and_nonce(method: type[Aead]) -> None:
    """Sealing zeros shows the key stream: were a key and nonce used twice, it would be there twice."""
    box, streams = method(), set()
    lives = [
        (sender * 8, incarnation, session * 8)
        for sender in (b"\0", b"\1")
        for incarnation in (0, 1, 256, 2**64 - 1)
        for session in (b"\0", b"\1")
    ]
    for sender, incarnation, session in lives:
        for sequence in (1, 2, 256, 2**32, 2**64 - 1):
            context = FrameContext(b"", sender, incarnation, session, sequence)
            for secret in ("old", "new"):
                streams.add(box.seal(Secret(secret), context, bytes(32))[:32])
    assert len(streams) == len(lives) * 5 * 2


def test_the_two_methods_share_no_key() -> None:
    context, key = a_context(), Secret(KEY)
    assert ChaCha20().seal(key, context, bytes(32)) != Aes256Gcm().seal(key, context, bytes(32))
    with pytest.raises(AuthenticationError):
        Aes256Gcm().open(key, context, ChaCha20().seal(key, context, b"beat"))


@pytest.mark.parametrize("method", METHODS)
def test_a_flood_of_strange_headers_keeps_the_memory_bounded_and_the_peers_heard(method: type[Aead]) -> None:
    box, key = method(), Secret(KEY)
    sealed = box.seal(key, a_context(), b"beat")
    for incarnation in range(10 * KEPT_CIPHERS):
        with pytest.raises(AuthenticationError):
            box.open(key, a_context(incarnation=incarnation + 4), sealed)
    assert box._cipher.cache_info().currsize == KEPT_CIPHERS
    assert box.open(key, a_context(), sealed) == b"beat"


@pytest.mark.parametrize("method", METHODS)
def test_a_secret_that_is_no_utf8_is_used_as_its_bytes(method: type[Aead]) -> None:
    key = Secret(b"\xff\xfe".decode("utf-8", "surrogateescape"))
    assert method().open(key, a_context(), method().seal(key, a_context(), b"beat")) == b"beat"
