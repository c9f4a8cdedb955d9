"""``hb stonith check``: would fencing work tonight? The devices are asked from every node; no power is touched."""

import json
from collections import Counter
from collections.abc import Sequence

import click
import msgspec

from heartbeat.cli import EXIT_NO
from heartbeat.cli.asking import progress, say_no
from heartbeat.cli.place_options import with_places
from heartbeat.cli.table import Cell, printable, table
from heartbeat.client import NoDaemon, Refused, connect
from heartbeat.model.inspection import FenceFinding, Seen
from heartbeat.model.places import Places

_TONES = {"error": "red", "warning": "yellow", "advice": "cyan"}


@click.command()
@click.option("--alone", is_flag=True, help="Ask from this node only, by the files as they are now.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with stable keys.")
@with_places
def check(where: Places, *, alone: bool, as_json: bool) -> None:
    """Look at every STONITH device and tell what would keep it from fencing; no power is touched.

    In a running cluster every node looks, one after the other; without one, this node alone. Exits with 1 when there
    are errors. docs/fencing-check.md has a section for each code. What
    only a real try shows: `hb stonith rehearse`.
    """
    seen, found = _alone(where) if alone else _checked(where)
    if as_json:
        click.echo(json.dumps(_values(seen, found), indent=2))
    else:
        click.echo("\n".join(_page(seen, found)))
    if any(it.severity == "error" for it in found):
        raise click.exceptions.Exit(EXIT_NO)


def _checked(where: Places) -> tuple[Sequence[Seen], Sequence[FenceFinding]]:
    try:
        with connect(where.api_socket) as client:
            checked = client.check_devices(progress())
    except NoDaemon as away:
        click.echo(f"hb: no daemon runs here ({away.cause}): asked from this node alone", err=True)
        return _alone(where)
    except Refused as refused:
        say_no(refused.text)
    return checked.seen, checked.findings


def _alone(where: Places) -> tuple[Sequence[Seen], Sequence[FenceFinding]]:
    from heartbeat.cli.stonith_alone import checked_alone

    return checked_alone(where)


def _page(seen: Sequence[Seen], found: Sequence[FenceFinding]) -> list[str]:
    rows: list[Sequence[Cell]] = []
    for one in seen:
        looks = one.inspection.looks
        for look in looks:
            power: Cell = (look.power, "green") if look.power in ("on", "off") else (look.power or "no answer", "red")
            rows.append((one.device, f"from {one.node}", look.host, power, f"{look.took_s:.2f} s"))
        if not looks:
            rows.append((one.device, f"from {one.node}", "-", ("no answer", "red"), ""))
    lines = table(rows, ("DEVICE", "SEEN", "NODE", "POWER", "TOOK")) if rows else ["no STONITH device here"]
    for it in found:
        about = " ".join(filter(None, (it.device, it.host and f"for {it.host}", _seen_from(it))))
        tone = click.style(it.severity, fg=_TONES[it.severity], bold=True)
        lines += ["", f"{tone} {it.code} {printable(about)}", f"    {printable(it.message)}", f"    mend: {it.mend}"]
    counts: Counter[str] = Counter(it.severity for it in found)
    told = ", ".join(f"{counts[word]} {word}{'s' * (counts[word] != 1 and word != 'advice')}" for word in _TONES)
    return [*lines, "", f"result: {told}"]


def _seen_from(found: FenceFinding) -> str:
    return f"seen from {', '.join(found.seen_from)}" if found.seen_from else ""


def _values(seen: Sequence[Seen], found: Sequence[FenceFinding]) -> dict[str, object]:
    """Return plain values. Keys are stable: scripts read them."""
    return {
        "ok": not any(it.severity == "error" for it in found),
        "findings": msgspec.to_builtins(found),
        "seen": [
            {
                "node": one.node,
                "device": one.device,
                "place": one.inspection.place,
                "trouble": one.inspection.trouble.value if one.inspection.trouble else "",
                "looks": [
                    {"host": look.host, "power": look.power, "took_s": round(look.took_s, 3)}
                    for look in one.inspection.looks
                ],
            }
            for one in seen
        ],
    }
