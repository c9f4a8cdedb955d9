"""The program that is a fence agent: which files are some, and one action of one, its parameters on stdin.

The convention is that of fence-agents (``FenceAgentAPI.md`` there): lines NAME=VALUE, and an exit status. What a
program prints is taken for a reason, never for a success.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from heartbeat.plugin import BadConfig, NotInstalled, occasion
from heartbeat.plugin.catalogue import unfit

if TYPE_CHECKING:
    from heartbeat.plugin.program import Ended

FOLDERS = (Path("/usr/local/sbin"), Path("/usr/sbin"))
"""Where agents lie, the administrator's own first."""

NO_AGENTS = frozenset({
    "fence_ack_manual", "fence_check", "fence_kdump_send", "fence_legacy", "fence_node", "fence_tool", "fence_virtd",
})  # fmt: skip
"""Programs beside them, for a person at a terminal or of another cluster manager."""

_NAME = re.compile(r"fence_[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ [A-Z]+: ")
"""``2026-11-30 01:15:13,482 ERROR: ``, which fencing.py puts before what it says."""

MARGIN_S = 1.0
"""Before the operation's deadline an agent is ended here, so that the reason is told and not the deadline's."""
LEAST_S = 0.2
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C",
    "LC_ALL": "C",
}
BLOT = "***"


def is_agent_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name not in NO_AGENTS


@dataclass(frozen=True, slots=True)
class FenceProgram:
    """An agent with the parameters of one device."""

    path: Path
    settings: Mapping[str, str]
    secrets: tuple[str, ...]
    """Values that must be shown nowhere."""
    limit_s: float
    """For one run."""

    def run(self, action: str, plug: Mapping[str, str]) -> "Ended":
        """Run one action to its end. ``plug``: what says which machine is meant, in the agent's own parameters.

        Raises NotInstalled, TimedOut; BadConfig for a value that cannot be said in a line.
        """
        if problem := unfit(self.path, "agent"):
            raise NotInstalled(problem)
        lines = {"action": action, **self.settings, **plug}
        given = "".join(f"{name}={_quoted(name, value)}\n" for name, value in lines.items())
        limit_s = max(LEAST_S, min(self.limit_s, occasion().left_s() - MARGIN_S))
        from heartbeat.plugin.program import run_program  # a listing of types needs none of it

        ended = run_program([str(self.path)], ENVIRONMENT, timeout_s=limit_s, given=given.encode())
        if ended.stderr.strip():
            print(self.blot(ended.stderr.strip()), file=sys.stderr)
        return ended

    def told(self, action: str, ended: "Ended") -> str:
        """Return in one sentence how an action ended: the agent's last words, without its secrets."""
        lines = [line.strip() for text in (ended.stdout, ended.stderr) for line in text.splitlines() if line.strip()]
        why = _STAMP.sub("", lines[-1])[:300] if lines else "it said nothing"
        how = f"ended by signal {-ended.code}" if ended.code < 0 else f"exit status {ended.code}"
        return f"{self.path.name} {action}: {self.blot(why)} ({how})"

    def blot(self, text: str) -> str:
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, BLOT)
        return text


def _quoted(name: str, value: str) -> str:
    """Return the value as an agent reads it back: it strips blanks, and then one pair of quotes around the rest."""
    if any(sign in value for sign in "\r\n\0"):
        raise BadConfig(f"{name} has a line end in it, and an agent takes each line for a parameter")
    is_changed = value != value.strip() or (len(value) > 1 and value[0] == value[-1] == '"')
    return f'"{value}"' if is_changed else value
