"""The story of a failover as a picture: one bar per phase over time, then a sentence for each.

Lines are made of spans, text and colour, so that a terminal may have colours and a file none.
"""

import textwrap

from heartbeat.lab.demo_story import Phase, Story

Span = tuple[str, str]
"""Text and the name of its colour; empty: the terminal's own."""

COLOURS = {"silent": "red", "view": "yellow", "fenced": "magenta", "started": "cyan", "answered": "green"}
NAME = 10
"""Columns of the phases' names, and of each figure."""
FIGURES = 2 * NAME
MEASURE = 100
"""Widest picture: beyond it an eye loses the row."""
NARROWEST = 72
"""Below it the terminal may break the lines itself."""
SQUEEZED = 0.3
"""Share of the width that deadtime gets when it would leave nothing to see of the rest."""


class Scale:
    """Milliseconds to columns; of two parts when the first phase would dwarf all others."""

    def __init__(self, story: Story, columns: int) -> None:
        self.columns = columns
        self.end_ms = story.outage_ms
        first_ms = story.phases[0].end_ms
        self.is_broken = SQUEEZED * self.end_ms < first_ms < self.end_ms
        self.break_ms = first_ms if self.is_broken else 0.0
        self.break_column = round(SQUEEZED * columns) if self.is_broken else 0

    def column(self, ms: float) -> int:
        if ms < self.break_ms:
            return round(ms / self.break_ms * self.break_column)
        rest_ms = self.end_ms - self.break_ms
        share = (ms - self.break_ms) / rest_ms if rest_ms else 1.0
        return self.break_column + round(share * (self.columns - self.break_column))


def picture(story: Story, width: int = 80, block: str = "█") -> list[list[Span]]:
    """Return the picture's lines for a terminal of this width."""
    width = max(NARROWEST, min(width, MEASURE))
    scale = Scale(story, width - NAME - FIGURES - 2)
    lines: list[list[Span]] = [_axis(scale)]
    lines += [_bar(phase, scale, block) for phase in story.phases]
    lines.append([])
    for phase in story.phases:
        lines += _sentence(phase, width)
    lines.append([])
    lines += [[(line, "bold")] for line in _sums(story)]
    return lines


def plain(lines: list[list[Span]]) -> list[str]:
    """Return the lines without colours."""
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def _axis(scale: Scale) -> list[Span]:
    row = [" "] * (scale.columns + 2)
    _write(row, 0, "0 ms")
    if scale.is_broken:
        _write(row, scale.break_column, f"|{scale.break_ms:.0f} ms")
    end = f"{scale.end_ms:.0f} ms|"
    _write(row, scale.columns + 1 - len(end), end)
    return [(" " * NAME + "".join(row) + "at".rjust(NAME - 2) + "took".rjust(NAME), "dim")]


def _write(row: list[str], at: int, text: str) -> None:
    row[at : at + len(text)] = text


def _bar(phase: Phase, scale: Scale, block: str) -> list[Span]:
    begin = min(scale.column(phase.begin_ms), scale.columns - 1)
    end = max(begin + 1, scale.column(phase.end_ms))
    bar = " " * begin + block * (end - begin)
    figures = f"{phase.end_ms:.0f} ms".rjust(NAME) + f"{phase.took_ms:.1f} ms".rjust(NAME)
    return [(phase.name.ljust(NAME), ""), (bar.ljust(scale.columns), COLOURS[phase.name]), (figures, "")]


def _sentence(phase: Phase, width: int) -> list[list[Span]]:
    first, *rest = textwrap.wrap(phase.why, width - NAME, break_on_hyphens=False)
    return [[(phase.name.ljust(NAME), COLOURS[phase.name]), (first, "")], *([(" " * NAME + line, "")] for line in rest)]


def _sums(story: Story) -> list[str]:
    moved = f"from {story.setting.survivor} back to {story.setting.lost}"
    return [
        _sum("failover", story.outage_ms, "after the plug was pulled", story.lost_requests),
        _sum("switchover", story.switchover_outage_ms, moved, story.switchover_lost_requests),
    ]


def _sum(name: str, away_ms: float, when: str, lost: int) -> str:
    return f"{name.ljust(NAME + 2)}away for {away_ms:.0f} ms {when}, {lost} requests lost"
