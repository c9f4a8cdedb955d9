"""The script that is an external plugin: which files are some, and one verb of one, its parameters in the environment.

The convention is that of cluster-glue (``doc/stonith/README.external`` there): ``SCRIPT VERB [NODE]``, an exit status,
and words on stdout where a verb has an answer.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from heartbeat.plugin import BadConfig, NotInstalled, PluginError, occasion
from heartbeat.plugin.catalogue import unfit

if TYPE_CHECKING:
    from heartbeat.plugin.program import Ended

FOLDERS = (
    Path("/usr/local/lib/stonith/plugins/external"),
    Path("/usr/lib/stonith/plugins/external"),
    Path("/usr/lib64/stonith/plugins/external"),
)
"""Where scripts lie, the administrator's own first."""
PATH = "/usr/share/cluster-glue:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""With the folder of ``ha_log.sh``, which most scripts call."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_SECRET = re.compile(r"passw(?!.*(script|method|file))|secret(?!.*file)|token|community|api_?key", re.IGNORECASE)

MARGIN_S = 1.0
"""Before the operation's deadline a script is ended here, so that the reason is told and not the deadline's."""
LEAST_S = 0.2
BLOT = "***"


def is_script_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def is_secret(parameter: str) -> bool:
    """Scripts do not say which of their parameters are; these names of theirs are."""
    return _SECRET.search(parameter) is not None


@dataclass(frozen=True, slots=True)
class Script:
    """A script with the parameters of one device; without any it can still tell about itself."""

    path: Path
    settings: Mapping[str, str]
    limit_s: float
    """For one run."""

    @property
    def name(self) -> str:
        return f"external/{self.path.name}"

    def run(self, verb: str, *host: str) -> "Ended":
        """Run one verb to its end. Raises NotInstalled, TimedOut; BadConfig for what cannot stand in an environment."""
        if problem := unfit(self.path, "script"):
            raise NotInstalled(problem)
        for name, value in self.settings.items():
            if "\0" in value or "=" in name:
                raise BadConfig(f"{name} of {self.name} cannot stand in an environment")
        own = {"PATH": PATH, "HOME": "/root", "LANG": "C", "LC_ALL": "C", "HA_LOGTAG": self.name}
        limit_s = max(LEAST_S, min(self.limit_s, occasion().left_s() - MARGIN_S))
        from heartbeat.plugin.program import run_program  # a listing of types needs none of it

        ended = run_program([str(self.path), verb, *host], {**self.settings, **own}, timeout_s=limit_s)
        if ended.stderr.strip():
            print(self.blot(ended.stderr.strip()), file=sys.stderr)
        return ended

    def do(self, verb: str, *host: str, error: type[PluginError]) -> str:
        """Run one verb and return what it printed. Raises ``error`` when it ends with another status than 0."""
        ended = self.run(verb, *host)
        if ended.code == 0:
            return ended.stdout
        lines = [line.strip() for text in (ended.stdout, ended.stderr) for line in text.splitlines() if line.strip()]
        how = f"ended by signal {-ended.code}" if ended.code < 0 else f"exit status {ended.code}"
        why = self.blot(lines[-1])[:300] if lines else "it said nothing"
        raise error(f"{self.name} {verb}: {why} ({how})")

    def blot(self, text: str) -> str:
        """Return the text without the values of secrets, the longest first: one may be a part of another."""
        secrets = {value for name, value in self.settings.items() if value and is_secret(name)}
        for secret in sorted(secrets, key=len, reverse=True):
            text = text.replace(secret, BLOT)
        return text
