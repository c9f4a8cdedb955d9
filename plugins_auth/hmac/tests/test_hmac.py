"""The HMAC methods: conformance with vectors from `openssl dgst -mac HMAC`, and their order of strength."""

import hashlib
from pathlib import Path

import pytest
from heartbeat.plugin import AuthenticationError, NotInstalled, Secret
from heartbeat.testing.auth import HEADER, AuthConformance, KnownAnswer, a_context
from heartbeat_auth_hmac import KEYS_MAX, Hmac, Md5, Sha1, Sha256, Sha512
from hypothesis import given
from hypothesis import strategies as st

README = Path(__file__).parents[1] / "README.md"
KEY = "correct horse battery staple"
METHODS = [Sha1, Md5, Sha256, Sha512]


def answer(tag: str) -> tuple[KnownAnswer, ...]:
    """Return the vector whose tag `openssl dgst` printed over the header and `beat`."""
    return (KnownAnswer(KEY, a_context(), b"beat", b"beat" + bytes.fromhex(tag)),)


class TestSha1(AuthConformance):
    plugin = Sha1
    vectors = answer("c51f7ab17ff08ca9b278661042d6b89e79c80cdb")


class TestMd5(AuthConformance):
    plugin = Md5
    vectors = answer("a5d48e379aca57bf7470f1ebb2bff79d")


class TestSha256(AuthConformance):
    plugin = Sha256
    vectors = answer("6180612cd6962167f8b29f3e326fe9ede1ef85908dee5176b0c05b69bef8b16a")


class TestSha512(AuthConformance):
    plugin = Sha512
    vectors = answer(
        "8503eeab44b4b801933f703604b411b6f881c022128125da558a9dbd345a9c82"
        "2fc9125e933b261fc84af7198f862dadf170b833b305e1cf1a36567a72e19670"
    )


@pytest.mark.parametrize("method", METHODS)
def test_the_tag_is_not_cut(method: type[Hmac]) -> None:
    assert method.overhead == hashlib.new(method.digest).digest_size


def test_rfc_4231_test_case_2() -> None:
    """The RFC's data, its first bytes in the header's place: the tag covers header and payload as one."""
    context = a_context(raw=b"what do ya ")
    sealed = Sha256().seal(Secret("Jefe"), context, b"want for nothing?")
    assert sealed[17:].hex() == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


@pytest.mark.parametrize("method", METHODS)
@given(payload=st.binary(max_size=200), key=st.text(min_size=1), junk=st.binary(max_size=100))
def test_only_what_was_sealed_opens(method: type[Hmac], payload: bytes, key: str, junk: bytes) -> None:
    box, secret = method(), Secret(key)
    sealed = box.seal(secret, a_context(), payload)
    assert box.open(secret, a_context(), sealed) == payload
    for other in (junk, payload + junk, sealed + junk[:1] if junk else b""):
        if other != sealed:
            with pytest.raises(AuthenticationError):
                box.open(secret, a_context(), other)


def test_every_key_opens_its_own_frames_however_many_there_were() -> None:
    box, keys = Sha256(), [Secret(f"key {number}") for number in range(3 * KEYS_MAX)]
    sealed = [box.seal(key, a_context(), b"beat") for key in keys]
    assert len(set(sealed)) == len(keys)
    for key, frame in zip(keys, sealed, strict=True):
        assert box.open(key, a_context(), frame) == b"beat"
        with pytest.raises(AuthenticationError):
            box.open(Secret("another"), a_context(), frame)


def test_aged_hashes_are_marked_weaker_than_the_new_ones() -> None:
    assert {Md5.strength, Sha1.strength} == {1}
    assert {Sha256.strength, Sha512.strength} == {2}


def test_a_hash_that_the_host_refuses_is_named_with_the_mend() -> None:
    class Fips(Sha1):
        digest = "no-such-hash"

    with pytest.raises(NotInstalled, match=r"no-such-hash.*use sha256"):
        Fips()


def test_the_readme_tells_the_true_strength_and_length() -> None:
    text = README.read_text()
    for method in METHODS:
        assert f"| `{method.digest}` | {method.strength} | {method.overhead} |" in text


def test_the_header_counts_like_the_payload() -> None:
    sealed = Sha256().seal(Secret(KEY), a_context(), b"beat")
    with pytest.raises(AuthenticationError):
        Sha256().open(Secret(KEY), a_context(raw=HEADER[::-1]), sealed)
