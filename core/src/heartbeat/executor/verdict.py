"""From an exception to a result: who must act, and where to look, in one line."""

import sys
import traceback
from pathlib import Path

from heartbeat.model.operation import Outcome, Result
from heartbeat.plugin import BadConfig, BadHost, NotInstalled, PluginError, TimedOut

DETAIL_MAX = 500
"""Characters of a detail: one line for a person."""


class Refused(PluginError):
    """Core itself will not try: bad parameters, or an action that this plugin does not have."""


_OUTCOMES: tuple[tuple[type[PluginError], Outcome], ...] = (
    (TimedOut, Outcome.UNKNOWN),
    (Refused, Outcome.REFUSED),
    (NotInstalled, Outcome.REFUSED),
    (BadConfig, Outcome.REFUSED),
    (BadHost, Outcome.REFUSED),
    (PluginError, Outcome.FAILED),
)
"""The first that fits. A plugin that lost the answer knows nothing: UNKNOWN. What was not tried: REFUSED."""


def judge(error: BaseException, plugin: type | None = None) -> Result:
    """Return the result of an operation that raised."""
    for kind, outcome in _OUTCOMES:
        if isinstance(error, kind):
            return Result(outcome, one_line(str(error) or type(error).__name__))
    if isinstance(error, NotImplementedError):
        return Result(Outcome.REFUSED, one_line(str(error) or "this plugin does not have that action"))
    where = _last_place(error, plugin)
    return Result(Outcome.FAILED, one_line(f"{type(error).__name__}: {error}{where}"))


def one_line(text: str) -> str:
    """Return a text as one bounded line."""
    line = " / ".join(part.strip() for part in text.splitlines() if part.strip())
    return line if len(line) <= DETAIL_MAX else line[: DETAIL_MAX - 4] + " ..."


def _last_place(error: BaseException, plugin: type | None) -> str:
    """``(rps10.py:72 in switch)``: the innermost frame in the plugin's own folder, else the innermost of all."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    module = sys.modules.get(plugin.__module__) if plugin else None
    folder = str(Path(file).parent) if module and (file := getattr(module, "__file__", None)) else None
    own = [frame for frame in frames if folder and frame.filename.startswith(folder)]
    frame = (own or frames)[-1]
    return f" ({Path(frame.filename).name}:{frame.lineno} in {frame.name})"
