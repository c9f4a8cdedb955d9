"""What the daemon tells the guard with each beat: datagrams to ``hold.sock``, each complete in itself.

Nothing is answered and nothing repeated: the next beat says it again. The newest one counts.
"""

import msgspec


class Hold(msgspec.Struct, frozen=True, array_like=True, tag="hold"):
    """Until when this node's resources may answer."""

    until_s: float
    """CLOCK_MONOTONIC of this machine. Past: everything falls silent now."""
    muted: tuple[str, ...] = ()
    """Names of resources that must be silent all the same."""


class Feed(msgspec.Struct, frozen=True, array_like=True, tag="feed"):
    """Feed the machine's watchdog, unless it is later than that."""

    until_s: float
    """CLOCK_MONOTONIC of this machine."""


class Disarm(msgspec.Struct, frozen=True, array_like=True, tag="disarm"):
    """Stop the watchdog's timer: the node has left in order and holds nothing."""


Word = Hold | Feed | Disarm

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Word] = msgspec.msgpack.Decoder(Word)


def encode_word(word: Word) -> bytes:
    return _encoder.encode(word)


def decode_word(datagram: bytes) -> Word:
    """Return what a datagram says; raises ValueError (msgspec's) on anything else."""
    return _decoder.decode(datagram)
