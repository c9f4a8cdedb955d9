"""Which plugins a node uses, in a few bytes that a beat can carry; and which of them are not the same elsewhere.

Eight characters for each distribution: three bytes of a digest of its name, three of its version and code, in base64.
Chance makes two different versions look alike once in 2**24; a lock (``hb plugin lock``) has the whole digests.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence

from heartbeat.pils.lock import CORE, Difference, Locked, locked
from heartbeat.pils.registry import PluginRegistry
from heartbeat.pils.validation.papers import normal

_CHARACTERS = 8
_MOST = 24
"""Distributions that are told apart; a node that uses more sends one digest for all, so that beats stay small."""


def fingerprint(lines: Iterable[Locked]) -> str:
    """Return the fingerprint of some distributions."""
    told = sorted(_one(it) for it in lines)
    if len(told) > _MOST:
        return _encoded(b"\0\0\0", _digest("".join(told)))
    return "".join(told)


def fingerprint_of_used(registry: PluginRegistry) -> str:
    """Return the fingerprint of core and of everything that a registry loaded so far."""
    used = {CORE, *(normal(name) for name in registry.used())}
    return fingerprint(it for it in locked() if it.distribution in used)


def fingerprint_differences(theirs: str, mine: str, here: Sequence[Locked]) -> list[Difference]:
    """Return how another node's fingerprint differs from mine; ``here`` gives the names of what is mine."""
    names = {_one(it)[: _CHARACTERS // 2]: it for it in here}
    ours, others = (dict(_pieces(text)) for text in (mine, theirs))
    return [
        _told(names.get(name), is_here=name in ours, is_there=name in others)
        for name in sorted(ours.keys() | others.keys())
        if ours.get(name) != others.get(name)
    ]


def _told(known: Locked | None, *, is_here: bool, is_there: bool) -> Difference:
    name = known.distribution if known else "a distribution"
    version = f" {known.version}" if known else ""
    if not is_there:
        return Difference(name, f"{name}{version} is used here and not there", f"pip install {name} there")
    if not is_here:
        text = f"{name}{version} is used there and not here" if known else "it uses a distribution that is not here"
        return Difference(name, text, "see which: hb plugin lock there, hb plugin check here")
    text = f"{name}{version} is used here; another version or other files there"
    return Difference(name, text, f"pip install {name}==VERSION on both, then restart heartbeat there")


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and content of each distribution in a fingerprint."""
    for at in range(0, len(text), _CHARACTERS):
        yield text[at : at + _CHARACTERS // 2], text[at + _CHARACTERS // 2 : at + _CHARACTERS]


def _one(it: Locked) -> str:
    return _encoded(_digest(it.distribution), _digest(f"{it.version} {it.digest}"))


def _encoded(name: bytes, content: bytes) -> str:
    return base64.urlsafe_b64encode(name + content).decode()


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=3).digest()
