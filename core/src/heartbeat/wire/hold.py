"""What the daemon tells the guard with each beat: one datagram to ``hold.sock``, complete in itself.

Nothing is answered and nothing repeated: the next beat says it again. The newest one counts.
"""

import msgspec


class Hold(msgspec.Struct, frozen=True, array_like=True, tag="hold"):
    """Until when this node's resources may answer."""

    until_s: float
    """CLOCK_MONOTONIC of this machine. Past: everything falls silent now."""
    muted: tuple[str, ...] = ()
    """Names of resources that must be silent all the same."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Hold)


def encode_hold(hold: Hold) -> bytes:
    return _encoder.encode(hold)


def decode_hold(datagram: bytes) -> Hold:
    """Return what a datagram says; raises ValueError (msgspec's) on anything else."""
    return _decoder.decode(datagram)
