"""Whom halves ask: the lines ``quorum_server HOST`` and ``tie_breaker TYPE NAME=VALUE...`` of ha.cf."""

from collections.abc import Sequence

from heartbeat.config import codes
from heartbeat.config.cluster_config import TieBreakerConfig
from heartbeat.config.hacf import HaCf, Use
from heartbeat.config.lookup import MEND_PLUGIN, load_named
from heartbeat.config.reading import Reading
from heartbeat.config.source import Word
from heartbeat.plugin.errors import PluginError
from heartbeat.plugin.param import Params, parse_params
from heartbeat.plugin.quorum import TieBreaker

WITNESS = "witness"
"""The type behind ``quorum_server``."""


def read_tie_breakers(hacf: HaCf, reading: Reading) -> tuple[TieBreakerConfig, ...]:
    """Return the tie-breakers in the order in which they are asked: those that only deny, then the one that grants."""
    uses = sorted([*hacf.all("quorum_server"), *hacf.all("tie_breaker")], key=lambda use: use.line)
    read = [(use, _read(hacf, use, number, reading)) for number, use in enumerate(uses, 1)]
    known = [(use, one) for use, one in read if one is not None]
    granting = [use for use, one in known if one.grants]
    if len(granting) > 1:
        message = "a second tie-breaker that grants: each half could have the word of one"
        reading.found.add(codes.TIE_BREAKERS, granting[1].directive.place, message, mend="delete one of the lines")
    elif known and len(known) == len(uses) and not granting:
        message = "no tie-breaker here may grant a half the right to go on: no half ever will"
        mend = "add a quorum_server, or delete the line"
        reading.found.add(codes.TIE_NO_GRANT, known[0][0].directive.place, message, mend=mend)
    return tuple(sorted((one for _, one in known), key=lambda one: one.grants))


def _read(hacf: HaCf, use: Use, number: int, reading: Reading) -> TieBreakerConfig | None:
    is_server = use.directive.text == "quorum_server"
    kind, given = (use.directive, use.words) if is_server else (use.words[0], use.words[1:])
    name = WITNESS if is_server else kind.text
    plugin = _loaded(name, kind, reading)
    if plugin is None:
        return None
    secretive = plugin.extra_params or any(param.secret for param in plugin.params)
    if hacf.source is not None and not secretive:
        hacf.source.reveal(use.line)
    raw = _words(plugin, given)
    params, problems = parse_params(plugin.params, raw, extra=plugin.extra_params)
    for bad in problems:
        problem = bad.problem.replace(repr(raw.get(bad.name)), "the value") if secretive else bad.problem
        near = bad.nearest
        mend = f"write {near}" if near else f"hb plugin show quorum:{name} tells its parameters"
        message = f"{name}: {bad.name} {problem}"
        reading.found.add(codes.TIE_PARAMETER, kind.place, message, nearest=near, mend=mend)
    if problems or not _fits(plugin, params, kind, reading):
        return None
    shown = f"{WITNESS} {use.words[0].text}" if is_server else f"{name} #{number}"
    return TieBreakerConfig(shown, name, raw, plugin.grants)


def _fits(plugin: type[TieBreaker], params: Params, kind: Word, reading: Reading) -> bool:
    """Does the plugin itself have nothing against its parameters?"""
    try:
        plugin.check(params)
    except PluginError as wrong:
        mend = f"hb plugin show quorum:{kind.text} tells its parameters"
        reading.found.add(codes.TIE_PARAMETER, kind.place, f"{kind.text}: {wrong}", mend=mend)
        return False
    return True


def _words(plugin: type[TieBreaker], given: Sequence[Word]) -> dict[str, str]:
    """Return unparsed parameters: NAME=VALUE, and what has no name by its position."""
    named = [word.text.partition("=") for word in given]
    raw = {name: value for name, equals, value in named if equals}
    places = [name for name in plugin.positional if name not in raw]
    rest = [name for name, equals, _ in named if not equals]
    extra = [f"word {index + 1}" for index in range(len(rest))]
    return raw | dict(zip([*places, *extra], rest, strict=False))


def _loaded(name: str, word: Word, reading: Reading) -> type[TieBreaker] | None:
    plugin = load_named(reading, "quorum", name, "the tie-breaker", codes.TIE_UNUSABLE, word.place)
    if plugin is not None and not issubclass(plugin, TieBreaker):
        reading.found.add(codes.TIE_UNUSABLE, word.place, f"{name} is no tie-breaker", mend=MEND_PLUGIN)
        return None
    return plugin
