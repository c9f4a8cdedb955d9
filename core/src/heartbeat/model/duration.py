"""Durations as heartbeat writes them: ``200ms``, ``1s``, ``30``, ``1.5``, ``500us``."""

import re

_DURATION = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(us|ms|s|sec|m|min|h|hr)?\s*\Z", re.IGNORECASE | re.ASCII)
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "hr": 3600.0}


def parse_duration(text: str) -> float:
    """Return seconds. A bare number counts seconds, as in ha.cf. Raises ValueError."""
    found = _DURATION.match(text)
    if not found:
        raise ValueError(f"{text!r} is not a duration: a number with an optional unit us, ms, s, min or h")
    number, unit = found.groups()
    return float(number) * _SECONDS[(unit or "s").lower()]


def show_duration(seconds: float) -> str:
    """Return a short text for a person: ``850 us``, ``12 ms``, ``1.3 s``, ``4 min 10 s``, ``3 h 5 min``."""
    if seconds < 0:
        return "-" + show_duration(-seconds)
    # Each limit lies where rounding would show a full larger unit: 999.6 us is 1 ms, not 1000 us.
    if seconds < 0.9995e-3:
        return f"{seconds * 1e6:.0f} us"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"
