"""The keys of authkeys, at work: every key opens, one seals. A frame says which by its header's key number."""

import msgspec

from heartbeat.pils.place import load_class
from heartbeat.plugin.auth import AuthenticationError, Authenticator, FrameContext
from heartbeat.plugin.secret import Secret
from heartbeat.wire.frame import HEADER_BYTES, Header


class KeyLine(msgspec.Struct, frozen=True):
    """One line of authkeys, and where its method's class is (``module:class``), found when the file was checked."""

    number: int
    method: str
    plugin: str
    secret: str

    def __repr__(self) -> str:
        return f"KeyLine({self.number}, {self.method!r}, ***)"


class Keys(msgspec.Struct, frozen=True):
    """What one process hands to another of authkeys. Never written anywhere but into a private pipe."""

    active: int
    lines: tuple[KeyLine, ...]


class UnknownKey(Exception):
    """A frame names a key number that is not in authkeys here."""


class Keyring:
    """Seals with the active key and opens with whichever the frame names. Authenticators live as long as it does."""

    def __init__(self, keys: Keys) -> None:
        """Import the methods of all keys; raises ImportError or AttributeError, which the check before prevents."""
        self._methods: dict[str, Authenticator] = {}
        self._keys: dict[int, tuple[Authenticator, Secret]] = {}
        self._active = 0
        self.changes = 0
        """How often the keys were replaced."""
        self.replace(keys)

    def replace(self, keys: Keys) -> None:
        """Use these keys from now on; on failure (as for the constructor) the old ones stay."""
        for line in keys.lines:
            if line.plugin not in self._methods:
                self._methods[line.plugin] = _authenticator(line.plugin)
        fresh = {line.number: (self._methods[line.plugin], Secret(line.secret)) for line in keys.lines}
        self._active_key = fresh[keys.active]
        self._active, self._keys = keys.active, fresh
        self.changes += 1

    @property
    def active(self) -> int:
        """Number of the key that seals."""
        return self._active

    @property
    def overhead(self) -> int:
        """Bytes that a frame has besides its payload."""
        return HEADER_BYTES + self._active_key[0].overhead

    def seal(self, header: Header, payload: bytes) -> bytes:
        """Return the whole frame; the header must carry the active key's number."""
        authenticator, key = self._active_key
        raw = header.encode()
        return raw + authenticator.seal(key, _context(header, raw), payload)

    def open(self, header: Header, frame: bytes) -> bytes:
        """Return the payload of a frame whose header was decoded; raises UnknownKey or AuthenticationError."""
        found = self._keys.get(header.key_number)
        if found is None:
            raise UnknownKey(f"key {header.key_number} is not in authkeys here")
        authenticator, key = found
        return authenticator.open(key, _context(header, frame[:HEADER_BYTES]), frame[HEADER_BYTES:])


def _context(header: Header, raw: bytes) -> FrameContext:
    return FrameContext(raw, header.sender, header.incarnation, header.session, header.sequence)


def _authenticator(place: str) -> Authenticator:
    made = load_class(place)()
    assert isinstance(made, Authenticator)
    return made


__all__ = ["AuthenticationError", "KeyLine", "Keyring", "Keys", "UnknownKey"]
