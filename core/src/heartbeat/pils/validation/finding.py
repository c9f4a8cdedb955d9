"""One thing that a rule found."""

import enum
from dataclasses import dataclass


class Severity(enum.Enum):
    """What a finding means for who installs the plugin."""

    ERROR = "error"
    """It cannot be used, or must not be."""
    WARNING = "warning"
    """It can be used and will be regretted."""
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong, or missing."""

    code: str
    """Topic and number: HB1 packaging, HB2 import, HB3 contract, HB4 parameters, HB5 behaviour, HB6 documents."""
    severity: Severity
    place: str
    """``pyproject.toml``, a file, ``stonith:acme`` ..."""
    text: str
    advice: str = ""
    is_fixable: bool = False
    """Can ``hb plugin validate FOLDER --fix`` mend it?"""


TIERS = (("conforming", ("HB1", "HB2", "HB3", "HB4", "HB5")), ("listed", ("HB1", "HB2")))
"""The best first: what a plugin is when none of these topics has an error, and all of them were looked at."""


def tier(findings: list[Finding], looked_at: set[str], *, proven: bool = False) -> str:
    """Return the best tier that the findings allow; empty when there is none.

    ``proven``: the log of a run on a real device is there. It lifts what is *conforming*, and nothing less.
    """
    wrong = {it.code[:3] for it in findings if it.severity is Severity.ERROR}
    best = next((name for name, topics in TIERS if looked_at >= set(topics) and not wrong & set(topics)), "")
    return "proven" if proven and best == "conforming" else best
