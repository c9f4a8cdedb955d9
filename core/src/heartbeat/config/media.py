"""The links that the media lines of ha.cf make."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, replace

from heartbeat.config import codes
from heartbeat.config.cluster_config import MediumConfig
from heartbeat.config.finding import Findings, Place
from heartbeat.config.hacf import HaCf, Use
from heartbeat.config.lookup import MEND_PLUGIN
from heartbeat.config.reading import Reading
from heartbeat.plugin.comm import DirectiveLine, LinkPlan, Medium
from heartbeat.plugin.errors import PluginError
from heartbeat.plugin.param import ParamKind, parse_params

WORDS_SEARCHED = 200
"""Of a line, for the place of a finding: no more findings of a kind are kept, and a line may have 100 000 words."""
SETTINGS = ("udpport", "baud", "deadping")
"""Directives that give a medium's parameter its value, when the parameter asks for it."""


@dataclass(frozen=True, slots=True)
class LinkSurvey:
    """One link, for ``hb check``."""

    name: str
    directive: str
    line: int
    interfaces: tuple[str, ...]
    is_ping: bool
    """It hears ping nodes, not members, so that it carries no beat."""


def read_media(hacf: HaCf, reading: Reading) -> tuple[tuple[MediumConfig, ...], tuple[LinkSurvey, ...]]:
    """Return all links in the order of their lines."""
    found = reading.found
    planned: list[tuple[LinkPlan, type[Medium], Use, str]] = []
    asked: set[str] = set()
    for directive, uses in hacf.media.items():
        medium = _load(reading, directive, uses[0])
        if medium is None or _has_secret(medium):
            _hide(hacf, uses)
        if medium is not None:
            asked |= {param.setting for param in medium.params if param.setting}
            planned += [(plan, medium, use, directive) for plan, use in _plans(medium, directive, uses, found)]
    planned.sort(key=lambda one: one[0].line)
    media: list[MediumConfig] = []
    surveys: list[LinkSurvey] = []
    seen: dict[object, LinkPlan] = {}
    for plan, medium, use, directive in planned:
        params = {**plan.params, **_settings(hacf, medium, plan, reading)}
        for known in (plan.name, (medium, tuple(sorted(params.items())))):
            if seen.setdefault(known, plan) is not plan:
                message = f"{plan.name} is the same link as {seen[known].name} of line {seen[known].line}"
                found.add(codes.LINK_TWICE, use.directive.place, message, mend="delete one of the lines")
                break
        else:
            interfaces = _check(medium, replace(plan, params=params), use, reading)
            media.append(MediumConfig(directive, plan.name, params))
            surveys.append(LinkSurvey(plan.name, directive, plan.line, interfaces, _is_ping(medium)))
    _unused(hacf, asked, found)
    return tuple(media), tuple(surveys)


def _has_secret(medium: type[Medium]) -> bool:
    return any(param.secret for param in medium.params) or medium.extra_params


def _hide(hacf: HaCf, uses: list[Use]) -> None:
    """Never show the words of these lines: one of them may be a key."""
    for use in uses:
        if hacf.source is not None and use.words:
            hacf.source.hide(use.line, use.words[0].place.column)


def _is_ping(medium: type[Medium]) -> bool:
    return callable(getattr(medium, "members", None))


def _load(reading: Reading, directive: str, use: Use) -> type[Medium] | None:
    found = reading.found
    try:
        medium = reading.registry.load("comm", directive)
    except (LookupError, PluginError) as broken:
        message = f"the medium {directive} cannot be used: {broken}"
        found.add(codes.BROKEN_PLUGIN, use.directive.place, message, mend=MEND_PLUGIN)
        return None
    if not issubclass(medium, Medium):
        found.add(codes.BROKEN_PLUGIN, use.directive.place, f"{directive} is no medium", mend=MEND_PLUGIN)
        return None
    return medium


def _plans(medium: type[Medium], directive: str, uses: list[Use], found: Findings) -> list[tuple[LinkPlan, Use]]:
    """Ask the medium what its lines mean; lines without words are ours to refuse."""
    good = [use for use in uses if use.words]
    for use in uses:
        if not use.words:
            form = _form(directive, medium)
            message = f"{directive} has too few words"
            found.add(codes.WORD_COUNT, use.directive.place, message, expected=form, mend=f"write {form}")
    by_line = {use.line: use for use in good}
    try:
        plans = medium.plan(directive, [DirectiveLine(use.texts, use.line) for use in good]) if good else []
        return [(plan, by_line[plan.line]) for plan in plans]
    except Exception as broken:  # noqa: BLE001 - whatever a plugin does wrong becomes a finding
        message = f"the medium {directive} failed on these lines: {type(broken).__name__}"
        found.add(codes.BROKEN_PLUGIN, good[0].directive.place, message, mend=MEND_PLUGIN)
        return []


def _is_address(text: str) -> bool:
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def _form(directive: str, medium: type[Medium]) -> str:
    """Return what a line of this medium looks like: ``mcast INTERFACE GROUP PORT TTL LOOP``."""
    return " ".join([directive, *(name.upper() for name in medium.positional or (medium.repeats or "...",))])


def _settings(hacf: HaCf, medium: type[Medium], plan: LinkPlan, reading: Reading) -> Mapping[str, str]:
    """Return parameters given by directives of their own (``udpport``, ``baud``), wherever those stand."""
    given: dict[str, str] = {}
    for param in medium.params:
        if not param.setting or any(name in plan.params for name in (param.name, *param.aliases)):
            continue
        use = hacf.one(param.setting)
        if use is not None:
            given[param.name] = "".join(use.texts)
            if use.line > plan.line and str(use.value) != str(param.default):
                message = (
                    f"{param.setting} counts for {plan.name} of line {plan.line}, too; "
                    f"before, it counted only for media after it"
                )
                mend = f"put the line before the media, or leave it: all links use {given[param.name]}"
                reading.found.add(codes.OLD_ORDER, use.directive.place, message, mend=mend)
        elif param.setting == "udpport" and reading.facts.udpport is not None:
            given[param.name] = str(reading.facts.udpport)
    return given


def _check(medium: type[Medium], plan: LinkPlan, use: Use, reading: Reading) -> tuple[str, ...]:
    """Judge one link's parameters; return the interfaces that it uses."""
    found = reading.found
    here = reading.facts.interfaces if reading.own else None
    form = _form(use.directive.text, medium)
    secretive = _has_secret(medium)
    for problem in plan.problems:
        problem = "the words are not valid" if secretive else problem
        found.add(codes.MEDIUM_FORM, use.words[0].place, f"{plan.name}: {problem}", expected=form, mend=f"write {form}")
    typed, bad = parse_params(medium.params, plan.params, extra=medium.extra_params)
    for one in bad:
        place = _where(use, plan.params.get(one.name))
        message = f"{plan.name}: {one.name} {'is missing or not valid' if secretive else one.problem}"
        found.add(
            codes.MEDIUM_PARAMETER, place, message, expected=form, nearest=one.nearest, mend=f"correct the {one.name}"
        )
    wrong = {one.name for one in bad}
    names = [p.name for p in medium.params if p.kind is ParamKind.INTERFACE and p.name not in wrong]
    interfaces = tuple(typed.text(name) for name in names if typed.known.get(name))
    for interface in interfaces:
        place = _where(use, interface)
        if _is_address(interface):
            message = f"{plan.name}: the interface {interface} is an address: are two words exchanged?"
            found.add(codes.MEDIUM_PARAMETER, place, message, expected=form, mend=f"write {form}")
        elif here is not None and interface not in here:
            near = found.nearest(interface, lambda: here or ())
            message = f"this host has no interface {interface} now; the link stays down until it comes"
            mend = "ip link shows those that are here"
            found.add(codes.NO_SUCH_INTERFACE, place, message, nearest=near, mend=mend)
    return interfaces


def _where(use: Use, text: str | None) -> Place:
    """Return the place of the word with this text, else of the line's first word."""
    searched = use.words[:WORDS_SEARCHED]
    return next((word.place for word in searched if word.text == text), use.words[0].place)


def _unused(hacf: HaCf, asked: set[str], found: Findings) -> None:
    for name in SETTINGS:
        use = hacf.one(name)
        if use is not None and name not in asked:
            message = f"{name} has no effect: no medium of this file asks for it"
            found.add(codes.UNUSED_SETTING, use.directive.place, message, mend="the line may stay or go")


def judge_redundancy(hacf: HaCf, links: tuple[LinkSurvey, ...], reading: Reading) -> None:
    """One link, or links that share one interface, fail together."""
    carrying = [link for link in links if not link.is_ping]
    whole = Place("ha.cf")
    found, nodes = reading.found, reading.nodes
    if hacf.source is None or hacf.missing_media:
        return
    if not carrying:
        if not any(codes.BROKEN_PLUGIN.code == finding.code for finding in found):
            message = "no medium carries the beats" + (" (ping media hear, but carry none)" if links else "")
            found.add(codes.NO_MEDIUM, whole, message, expected="two media", mend="add: bcast INTERFACE")
    elif len(nodes) > 1 and len(carrying) == 1:
        message = f"{carrying[0].name} is the only link: when it fails, the nodes take each other for dead"
        found.add(
            codes.ONE_MEDIUM, Place("ha.cf", carrying[0].line), message, mend="add a second medium on other wires"
        )
    elif len(nodes) > 1:
        used = {interface for link in carrying for interface in link.interfaces}
        if len(used) == 1 and all(link.interfaces for link in carrying):
            message = f"all {len(carrying)} links use {used.pop()}: they fail together"
            found.add(
                codes.ONE_INTERFACE, Place("ha.cf", carrying[0].line), message, mend="add a medium on other wires"
            )
