"""CRC-32: conformance, a checksum that gzip computed, and honesty about what it is not."""

from heartbeat.plugin import AuthenticationError, Secret
from heartbeat.testing.auth import AuthConformance, KnownAnswer, a_context
from heartbeat_auth_crc import Crc
from hypothesis import given
from hypothesis import strategies as st

NO_KEY = Secret("")


class TestCrc(AuthConformance):
    plugin = Crc
    vectors = (KnownAnswer("", a_context(), b"beat", b"beat" + bytes.fromhex("8b3a09b1")),)


def test_anybody_can_forge_and_the_plugin_says_so() -> None:
    assert Crc.strength == 0
    assert not Crc.needs_key
    assert "forge" in Crc.title


@given(payload=st.binary(min_size=1, max_size=60), start=st.integers(0, 10_000), burst=st.integers(1, 2**32 - 1))
def test_every_burst_of_up_to_32_bits_is_found(payload: bytes, start: int, burst: int) -> None:
    """The guarantee of any CRC of 32 bits, and the reason to use one on a serial line."""
    sealed = Crc().seal(NO_KEY, a_context(), payload)
    at = start % (len(sealed) * 8)
    damaged = int.from_bytes(sealed, "big") ^ (burst << at) % (1 << len(sealed) * 8)
    if damaged != int.from_bytes(sealed, "big"):
        try:
            Crc().open(NO_KEY, a_context(), damaged.to_bytes(len(sealed), "big"))
        except AuthenticationError:
            return
        raise AssertionError("a burst went unnoticed")
