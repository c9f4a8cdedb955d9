"""A duration as an option's value."""

import click

from heartbeat.model.duration import parse_duration


def seconds(_: click.Context, __: click.Parameter, text: str) -> float:
    """Return the seconds of a duration as ha.cf writes it (90, 200ms, 2min); wrong use when it is none."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
