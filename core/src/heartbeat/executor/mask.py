"""Secrets never leave the executor: their values are blotted out of every text that does."""

import re
from collections.abc import Mapping, Sequence

from heartbeat.plugin import Param

BLOT = "***"

_SOUNDS_SECRET = re.compile(r"passw|passphrase|secret|token|credential|community|api_?key", re.IGNORECASE)
"""Undeclared parameters (an OCF or fence agent's own) carry no mark; these names of theirs are treated as secrets."""


class Mask:
    """Blots the values of secret parameters out of texts."""

    def __init__(self, secrets: Sequence[str]) -> None:
        # Longest first, so that a secret that contains another one disappears whole.
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, BLOT)
        return text

    @property
    def longest(self) -> int:
        """Characters of the longest secret: a text cut at the front may begin with a part of one."""
        return len(self._secrets[0]) if self._secrets else 0


def secret_names(declared: Sequence[Param], raw: Mapping[str, str]) -> tuple[str, ...]:
    """Return which of a plugin's unparsed parameters are secret: declared so, or undeclared and sounding so."""
    secret = {name for param in declared if param.secret for name in (param.name, *param.aliases)}
    plain = {name for param in declared if not param.secret for name in (param.name, *param.aliases)}
    return tuple(name for name in raw if name in secret or (name not in plain and _SOUNDS_SECRET.search(name)))
