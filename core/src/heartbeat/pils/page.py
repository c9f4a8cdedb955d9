"""A plugin's own page, in Markdown, made from its class: what it is, its parameters, how to ask for it, its limits."""

import inspect
from collections.abc import Iterator, Sequence

from heartbeat.pils.announcement import Announcement
from heartbeat.pils.capability import capabilities, meaning, refinements
from heartbeat.pils.example import example
from heartbeat.pils.parameter_table import as_text, parameter_table
from heartbeat.pils.validation.conformance import Proof
from heartbeat.plugin.kind import Kind, Plugin
from heartbeat.plugin.stonith import StonithDevice


def plugin_page(
    announced: Announcement,
    kind: Kind,
    plugin: type[Plugin],
    tier: str = "",
    proofs: Sequence[Proof] = (),
    readme: str = "",
) -> str:
    """Return the page; ``readme`` is the link to the distribution's own, from where the page will lie."""
    of_what = f"{'an' if kind.title[0] in 'aeiou' else 'a'} {kind.title} of `{announced.distribution}`"
    title = plugin.title or announced.name
    lines = [f"# {announced.kind}:{announced.name}", "", f"{title}: {of_what}, contract version {plugin.api}."]
    if plugin.test_only:
        lines += ["", f"**For tests only**: {plugin.test_only}."]
    lines += ["", *(inspect.getdoc(plugin) or "").splitlines()]
    for title, body in (
        ("Install", ["```sh", _install(announced), "```"]),
        ("Parameters", _parameters(plugin)),
        ("How to ask for it", _asking(announced, plugin)),
        ("What it can do, and what not", list(_abilities(kind, plugin))),
        ("How far it is proved", _standing(tier, proofs)),
    ):
        if body:
            lines += ["", f"## {title}", "", *body]
    links = [f"[README]({readme})"] if readme else []
    links += [f"[documentation]({plugin.docs_url})"] if plugin.docs_url else []
    lines += ["", f"More: {', '.join(links)}."] if links else []
    return "\n".join(lines) + "\n"


def _install(announced: Announcement) -> str:
    extras = announced.entry_point.extras
    return (
        f"pip install {announced.distribution}"
        if not extras
        else (f"pip install '{announced.distribution}[{','.join(extras)}]'")
    )


def _parameters(plugin: type[Plugin]) -> list[str]:
    lines = parameter_table(plugin).splitlines() or ["None."]
    return [*lines, "", "Further `NAME=VALUE` are passed on as they are."] if plugin.extra_params else lines


def _asking(announced: Announcement, plugin: type[Plugin]) -> list[str]:
    blocks = []
    if asked := example(announced.kind, announced.name, plugin):
        blocks.append([f"In `{asked.file}`:", "", "```", asked.line, "```"])
    repeats = str(getattr(plugin, "repeats", ""))
    form = [f"{repeats}..."] if repeats else list(plugin.positional)
    if form and announced.kind in ("stonith", "ra", "comm"):
        joint = "::" if announced.kind == "ra" else " "
        blocks.append([f"All that can be said there, in order: `{joint.join([announced.name, *form])}`"])
    if issubclass(plugin, StonithDevice):
        needed = [f"{it.name}={it.example or it.name.upper()}" for it in plugin.params if it.required]
        quoted = [f"'{text}'" if " " in text else text for text in needed]
        command = " ".join(["hb stonith status --type", announced.name, *quoted])
        blocks.append(["By hand:", "", "```sh", command, "```"])
    return [line for number, block in enumerate(blocks) for line in ([""] if number else []) + block]


def _abilities(kind: Kind, plugin: type[Plugin]) -> Iterator[str]:
    told = capabilities(kind, plugin)
    if told:
        yield from ("| capability | value | which means |", "|---|---|---|")
    for name, value in told.items():
        shown = as_text(value) if isinstance(value, str | int | float | bool | tuple) else str(value)
        yield f"| `{name}` | {f'`{shown}`' if shown else ''} | {meaning(name, value)} |"
    if more := refinements(kind, plugin):
        yield from ([""] if told else [])
        yield f"Beyond what every {kind.title} must have: {', '.join(f'`{name}`' for name in more)}."


def _standing(tier: str, proofs: Sequence[Proof]) -> list[str]:
    if not tier:
        return []
    return [f"Tier: *{tier}*.", *([""] if proofs else []), *(f"* {proof}; log `{proof.log}`" for proof in proofs)]
