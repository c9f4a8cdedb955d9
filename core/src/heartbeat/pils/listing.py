"""What ``hb plugin list`` tells of each announced plugin: from metadata, and from what was last found out."""

import enum
import time
from dataclasses import dataclass, replace

from heartbeat.pils.announcement import Announcement
from heartbeat.pils.last_found import Found, LastFound
from heartbeat.pils.patience import LIMIT_S
from heartbeat.pils.registry import PluginRegistry


class State(enum.Enum):
    """How one plugin stands."""

    INSTALLED = "installed"
    """Announced; nobody has looked whether it loads."""
    OK = "ok"
    """It was loaded, just now."""
    BROKEN = "broken"
    """It could not be loaded when it was last tried."""
    SHADOWED = "shadowed"
    """Other distributions announce the same name: refused unless it is chosen as ``distribution:name``."""
    NOT_INSTALLED = "not installed"
    """It comes with its distribution, but what it needs comes with an extra, which is not here."""
    LEFT_OUT = "left out"
    """HB_PLUGINS does not name it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list."""

    kind: str
    name: str
    distribution: str
    version: str
    state: State
    problem: str = ""
    """What is wrong, or what the administrator should know."""
    place: str = ""
    found_s: float | None = None
    """When the problem was found, wall clock in seconds; None: this is not about one."""
    api: int | None = None
    title: str = ""


def listed(registry: PluginRegistry, kind: str, last: LastFound) -> list[Listed]:
    """Return the plugins of a kind, or of all (""), sorted. Imports no plugin."""
    return [_from_record(registry, it, last.about(it)) for it in registry.announced(kind)]


def checked(
    registry: PluginRegistry, kind: str, last: LastFound, limit_s: float = LIMIT_S
) -> tuple[list[Listed], list[Found]]:
    """Return them after importing each in a child under a time limit, and what that showed, for ``last.keep``.

    What HB_PLUGINS leaves out is not touched. A shadowed one is tried all the same: its author wants to know.
    """
    from heartbeat.pils.probe import probe  # a listing without checks starts no children

    announced = registry.announced(kind)
    tried = [it for it in announced if registry.allows(it) and not it.missing_extra]
    results = iter(probe([(it.kind, it.full_name) for it in tried], registry, limit_s))
    now_s = time.time()
    lines, news = [], []
    for it in announced:
        if it not in tried:
            lines.append(_from_record(registry, it, None))
            continue
        result = next(results)
        news.append(Found(it.kind, it.full_name, it.version, result.problem, result.place, now_s))
        line = _from_record(registry, it, news[-1])
        if not result.problem:
            state = line.state if line.state is State.SHADOWED else State.OK
            problem = line.problem or result.notice
            line = replace(line, state=state, problem=problem, api=result.api, title=result.title)
        lines.append(line)
    return lines, news


def _from_record(registry: PluginRegistry, announced: Announcement, found: Found | None) -> Listed:
    it = Listed(announced.kind, announced.name, announced.distribution, announced.version, State.INSTALLED)
    if not registry.allows(announced):
        return replace(it, state=State.LEFT_OUT, problem="HB_PLUGINS does not name it")
    if extra := announced.missing_extra:
        return replace(it, state=State.NOT_INSTALLED, problem=f"pip install '{extra}' brings what it needs")
    if found is not None and found.problem:
        return replace(it, state=State.BROKEN, problem=found.problem, place=found.place, found_s=found.at_s)
    rivals = registry.rivals(announced)
    if rivals:
        others = " and ".join(rival.origin for rival in rivals)
        text = f"{others} announces the name too: write {announced.full_name} for this one"
        return replace(it, state=State.SHADOWED, problem=text)
    return it
