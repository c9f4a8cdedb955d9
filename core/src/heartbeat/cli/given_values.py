"""NAME=VALUE words of a command line, and secrets that do not stand in it."""

import os
import stat
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from heartbeat.executor.mask import secret_names
from heartbeat.plugin.kind import Plugin


def given_values(words: Sequence[str]) -> dict[str, str]:
    """Return NAME=VALUE words as a dictionary. Wrong use: a word without a name, or a name twice."""
    given: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise click.UsageError("parameters are NAME=VALUE words")
        if name in given:
            raise click.UsageError(f"{name} is given twice")
        given[name] = value
    return given


def revealed(plugin: type[Plugin], given: Mapping[str, str]) -> dict[str, str]:
    """Return the values with every secret fetched from where ``file:``, ``env:`` or ``prompt`` says that it is.

    A secret that stands there itself is taken, with a warning: everybody on the machine can read a command line.
    """
    return {**given, **{name: _fetched(name, given[name]) for name in secret_names(plugin.params, given)}}


def _fetched(name: str, text: str) -> str:
    source, _, place = text.partition(":")
    if text == "prompt":
        if not sys.stdin.isatty():
            raise click.UsageError(
                f"nobody is here to type {name}; a script says {name}=file:/path or {name}=env:VARIABLE"
            )
        return str(click.prompt(name, hide_input=True, err=True))
    if source == "env" and place:
        if place not in os.environ:
            raise click.UsageError(f"{name}: the environment has no {place}")
        return os.environ[place]
    if source == "file" and place:
        return _from_file(name, Path(place))
    click.echo(
        f"hb: {name} stands in the command line, where everybody can read it: "
        f"{name}=file:/path, {name}=env:VARIABLE or {name}=prompt keeps it secret",
        err=True,
    )
    return text


def _from_file(name: str, path: Path) -> str:
    """Return the file's text without its last line end; it must be readable by its owner alone, root or ourselves."""
    try:
        with path.open(encoding="utf-8") as file:
            about = os.fstat(file.fileno())
            if about.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise click.UsageError(f"{name}: {path} can be read by others; chmod 600 {path}")
            if about.st_uid not in (0, os.geteuid()):
                raise click.UsageError(f"{name}: {path} belongs to somebody else (user {about.st_uid})")
            return file.read().removesuffix("\n")
    except (OSError, UnicodeDecodeError) as wrong:
        raise click.UsageError(
            f"{name}: {path} cannot be read: {getattr(wrong, 'strerror', None) or 'no text'}"
        ) from None
