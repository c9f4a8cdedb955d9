"""How long operations on a resource may take: ``timeout RESOURCE start|stop|monitor TIME`` in ha.cf."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from heartbeat.config import codes
from heartbeat.config.finding import Findings
from heartbeat.config.hacf import HaCf, Use
from heartbeat.config.haresources import hide_secrets, spell
from heartbeat.config.values import duration

OPERATIONS = ("start", "stop", "monitor")


@dataclass(slots=True)
class Limits:
    """What the administrator said, by resource word and operation; the agent's own limits hold for the rest."""

    said: dict[tuple[str, str], tuple[Use, float]] = field(default_factory=dict)

    def of(self, words: tuple[str, ...], operation: str, advised_s: Mapping[str, float]) -> float:
        """Return seconds for one operation; ``words`` name the resource, the most exact one first.

        ``advised_s``: the agent's own limits, by operation.
        """
        said = next((self.said[word, operation] for word in words if (word, operation) in self.said), None)
        return said[1] if said else float(advised_s[operation])

    def unheard(self, heard: set[str], names: set[str], found: Findings) -> None:
        """Tell of lines that name none of the words of haresources; ``names`` are these words, fit to be shown."""
        for (word, _), (use, _) in self.said.items():
            if word not in heard:
                near = found.nearest(word, lambda: names)
                message = f"no resource in haresources is named {spell(word).name!r}"
                mend = "write it as in haresources"
                found.add(codes.LIMIT_STRANGER, use.words[0].place, message, nearest=near, mend=mend)


def read_limits(hacf: HaCf, found: Findings) -> Limits:
    """Return the ``timeout`` lines; what is wrong with one becomes a finding."""
    limits = Limits()
    for use in hacf.all("timeout"):
        resource, operation, *time = use.texts
        if hacf.source is not None:
            hide_secrets(hacf.source, use.words[0])
        if operation not in OPERATIONS:
            near = found.nearest(operation, lambda: OPERATIONS)
            message, expected = f"{operation!r} is no operation", "one of " + ", ".join(OPERATIONS)
            found.add(
                codes.BAD_VALUE,
                use.words[1].place,
                message,
                expected=expected,
                nearest=near,
                mend=f"write {near or 'one of these'}",
            )
            continue
        try:
            seconds = duration(time)
        except ValueError as wrong:
            message, mend = f"{' '.join(time)!r} is not valid for timeout", "write a time: 90s"
            found.add(codes.BAD_VALUE, use.words[2].place, message, expected=str(wrong), mend=mend)
            continue
        assert isinstance(seconds, float)
        first, before = limits.said.setdefault((resource, operation), (use, seconds))
        if first is not use:
            message = f"timeout {spell(resource).name} {operation} was given already in line {first.line}"
            code = codes.SAME_TWICE if before == seconds else codes.TWO_VALUES
            found.add(code, use.directive.place, message, mend="delete one of the lines")
    return limits
