"""What stops set-up: where, why, and what mends it. Never a traceback."""

from __future__ import annotations

NETWORK_SIGNS = (
    "could not connect",
    "connection refused",
    "connection reset",
    "connectionerror",
    "newconnectionerror",
    "dns error",
    "error sending request",
    "failed to fetch",
    "name resolution",
    "network is unreachable",
    "no matching distribution",
    "timed out",
    "temporary failure",
)
"""Words, in lower case, by which pip, uv and apt-get tell of a network that does not answer."""


class Trouble(Exception):
    """Set-up cannot go on. Rendered as three lines that a person can act on."""

    def __init__(self, place: str, cause: str, mend: str, output: str = "") -> None:
        super().__init__(place)
        self.place = place
        self.cause = cause
        self.mend = mend
        self.output = output
        """What the failed tool printed, for the last lines of it."""

    def lines(self, shown: int = 12) -> list[str]:
        """Return the report: the tool's last ``shown`` lines, then place, cause and mend."""
        said = [f"    | {line}" for line in self.output.strip().splitlines()[-shown:]]
        return [*said, f"set-up: {self.place}", f"  cause: {self.cause}", f"  mend:  {self.mend}"]


def explain(place: str, output: str, again: str) -> Trouble:
    """Return the trouble that a tool's output tells of; ``again`` is the command to repeat when it is mended."""
    words = output.lower()
    if "no space left" in words:
        return Trouble(place, "the disk is full", f"make room, then `{again}` again", output)
    if "permission denied" in words or "read-only file system" in words:
        mend = f"use a clone that belongs to you, or `chown` this one, then `{again}` again"
        return Trouble(place, "a file here may not be written", mend, output)
    if "lockfile" in words and "needs to be updated" in words:
        return Trouble(place, "uv.lock is older than a pyproject.toml", "`.uv/bin/uv lock`, and commit uv.lock", output)
    if "certificate" in words:
        mend = f"name your certificates in SSL_CERT_FILE and PIP_CERT, then `{again}` again"
        return Trouble(place, "the package index shows a certificate that is not trusted here", mend, output)
    if any(sign in words for sign in NETWORK_SIGNS):
        mend = f"check the network and HTTPS_PROXY (a mirror: PIP_INDEX_URL, UV_DEFAULT_INDEX), then `{again}` again"
        return Trouble(place, "the package index could not be reached, or does not have it", mend, output)
    mend = f"see the lines above, then `{again}` again (`make clean` first, if that is not enough)"
    return Trouble(place, "the tool ended with an error", mend, output)
