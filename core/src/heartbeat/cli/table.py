"""Aligned columns of text for a terminal. Colours are dropped by click.echo where nobody can see them."""

from collections.abc import Sequence

import click

Cell = str | tuple[str, str]
"""Text, or text and its colour."""


def printable(text: str) -> str:
    """Return text on one line and without control characters: an agent's output must not drive the terminal."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "?" for char in text)


def table(rows: Sequence[Sequence[Cell]], heading: Sequence[str] = (), indent: str = "") -> list[str]:
    """Return one line per row, columns aligned two blanks apart; the last one is as long as it likes."""
    if not rows:
        return []
    plain = [[printable(cell if isinstance(cell, str) else cell[0]) for cell in row] for row in rows]
    colours = [[None if isinstance(cell, str) else cell[1] for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*plain, *([heading] if heading else []), strict=True)]
    lines = [
        indent + "  ".join(map(_cell, texts, widths, tones)).rstrip()
        for texts, tones in zip(plain, colours, strict=True)
    ]
    if heading:
        lines.insert(0, indent + "  ".join(map(str.ljust, heading, widths)).rstrip())
    return lines


def _cell(text: str, width: int, colour: str | None) -> str:
    padding = " " * (width - len(text))
    return (click.style(text, fg=colour) if colour else text) + padding
