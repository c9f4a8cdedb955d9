"""Resources and groups: what each word of haresources is on this host, and what no two groups may share."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from heartbeat.config import codes
from heartbeat.config.claims import Claims
from heartbeat.config.hacf import HaCf
from heartbeat.config.haresources import GroupLine, Spelling, hide_secrets, is_bare_ipv6, spell
from heartbeat.config.limits import Limits, read_limits
from heartbeat.config.lookup import MEND_PLUGIN, Known, Unknown, look_up
from heartbeat.config.nodes import find_node
from heartbeat.config.reading import Reading
from heartbeat.config.sharing import Sharing, read_sharing
from heartbeat.config.source import Source, Word
from heartbeat.model.group import Group, Resource
from heartbeat.model.names import GroupName, NodeName
from heartbeat.plugin.param import Params, parse_params
from heartbeat.plugin.ra import ResourceAgent

NOT_HERE = "not known here"
NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class ResourceSurvey:
    """One resource, for ``hb check``."""

    name: str
    agent: str
    """Empty when nothing here knows the word."""
    found_in: str
    shares_data: bool
    known_by: str
    """Who says whether it shares data."""

    @property
    def is_settled(self) -> bool:
        """False when an error hides what the resource is."""
        return self.known_by not in (NOT_HERE, NOT_CHECKED)


@dataclass(frozen=True, slots=True)
class GroupSurvey:
    """One group, for ``hb check``."""

    name: str
    home: str
    line: int
    resources: tuple[ResourceSurvey, ...]

    @property
    def shares_data(self) -> bool:
        return any(resource.shares_data for resource in self.resources)

    @property
    def surely_shares_data(self) -> bool:
        """Whatever the resources with errors turn out to be."""
        return any(resource.shares_data for resource in self.resources if resource.is_settled)


@dataclass(slots=True)
class _Memory:
    """What is remembered from line to line."""

    source: Source
    reading: Reading
    sharing: Sharing
    limits: Limits
    claims: Claims = field(default_factory=Claims)
    heard: set[str] = field(default_factory=set)
    """Every word of haresources, whole and without its arguments."""
    names: set[str] = field(default_factory=set)
    """The same, fit to be shown."""
    groups: dict[str, Word] = field(default_factory=dict)


def read_groups(
    hacf: HaCf, source: Source | None, lines: Sequence[GroupLine], reading: Reading
) -> tuple[tuple[Group, ...], tuple[GroupSurvey, ...]]:
    """Return all groups and what is known of them; a group with an error is in the survey only."""
    if source is None:
        return (), ()
    memory = _Memory(source, reading, read_sharing(hacf, reading.found), read_limits(hacf, reading.found))
    groups: list[Group] = []
    surveys: list[GroupSurvey] = []
    for number, line in enumerate(lines):
        home = _home(reading, line.home)
        resolved = [_resource(memory, number, word) for word in line.resources]
        name = resolved[0][1].name
        surveys.append(
            GroupSurvey(name, home or line.home.text, line.home.place.line, tuple(survey for _, survey in resolved))
        )
        first = memory.groups.setdefault(name, line.resources[0])
        if first is not line.resources[0]:
            message = (
                f"the group {name} exists already, in line {first.place.line}: a group is named by its first resource"
            )
            reading.found.add(
                codes.GROUP_TWICE, line.resources[0].place, message, mend="give one another first resource"
            )
        resources = tuple(resource for resource, _ in resolved if resource is not None)
        if home is not None and len(resources) == len(resolved):
            groups.append(Group(GroupName(name), home, resources))
    memory.sharing.unheard(memory.heard, memory.names, reading.found)
    memory.limits.unheard(memory.heard, memory.names, reading.found)
    return tuple(groups), tuple(surveys)


def _home(reading: Reading, word: Word) -> NodeName | None:
    nodes = reading.nodes
    home = find_node(word, nodes, reading.found)
    if home is None and nodes:
        near = reading.found.nearest(word.text, lambda: nodes)
        reading.found.add(
            codes.UNKNOWN_HOME,
            word.place,
            f"{word.text} is no node of ha.cf",
            expected="one of " + ", ".join(nodes),
            nearest=near,
            mend=f"write {near}" if near else "add it to a node line of ha.cf",
        )
    return home


def _resource(memory: _Memory, group: int, word: Word) -> tuple[Resource | None, ResourceSurvey]:
    """Return what one word is, with findings for all that is wrong with it."""
    hide_secrets(memory.source, word)
    spelling = spell(word.text)
    memory.heard |= {word.text, spelling.word}
    memory.names.add(spelling.word)
    known = look_up(memory.reading, "ra", spelling.word, ResourceAgent)
    if isinstance(known, Unknown):
        _not_here(memory, word, spelling, known)
        return None, ResourceSurvey(spelling.name, "", "", shares_data=True, known_by=NOT_HERE)
    agent = known.plugin
    assert issubclass(agent, ResourceAgent)
    spelling = _hushed(memory, word, spelling, known, agent)
    memory.names.add(spelling.name)
    if known.shadows:
        message = f"the plugin {known.driver} runs, not the script {known.shadows}"
        mend = "if the script was changed to do more, give it another name"
        memory.reading.found.add(codes.SHADOWED, word.place, message, mend=mend)
    checked = _arguments(memory, word, spelling, known, agent)
    if checked is None:
        return None, ResourceSurvey(spelling.name, known.driver, known.origin, shares_data=True, known_by=NOT_CHECKED)
    raw, params = checked
    try:
        shares, by = memory.sharing.of(word, spelling, memory.reading.found, agents_word=agent.shares_data(params))
        memory.claims.judge(group, word, spelling, agent.claims(params), memory.reading.found)
        advised_s = agent.timeouts_s(params)
    except Exception as broken:  # noqa: BLE001 - whatever a plugin does wrong becomes a finding
        message = f"the agent {known.driver} failed on {spelling.name}: {type(broken).__name__}"
        memory.reading.found.add(codes.BROKEN_PLUGIN, word.place, message, mend=MEND_PLUGIN)
        return None, ResourceSurvey(spelling.name, known.driver, known.origin, shares_data=True, known_by=NOT_CHECKED)
    words, limits = (word.text, spelling.word), memory.limits
    resource = Resource(
        name=spelling.name,
        agent=known.driver,
        params=raw,
        shares_data=shares,
        start_timeout_s=limits.of(words, "start", advised_s),
        stop_timeout_s=limits.of(words, "stop", advised_s),
        monitor_timeout_s=limits.of(words, "monitor", advised_s),
    )
    return resource, ResourceSurvey(spelling.name, known.driver, known.origin, shares, by)


def _hushed(memory: _Memory, word: Word, spelling: Spelling, known: Known, agent: type[ResourceAgent]) -> Spelling:
    """Hide what the agent declares as secret, wherever it stands: a resource's name is shown in logs and journals."""
    secret = {name for param in agent.params if param.secret for name in (param.name, *param.aliases)}
    if not secret:
        return spelling
    try:
        raw = (known.from_words or agent.from_words)(spelling.arguments)
        # Without any, the words may be shifted: then each of them could be the secret.
        values = {raw[name] for name in secret & raw.keys()} or set(spelling.arguments)
    except Exception:  # noqa: BLE001 - what cannot be told apart is hidden as a whole
        values = set(spelling.arguments)
    shown: list[str] = []
    column = word.place.column + len(spelling.word)
    for argument in spelling.arguments:
        column += len("::")
        is_hidden = any(value and value in argument for value in values)
        shown.append("***" if is_hidden else argument)
        if is_hidden:
            memory.source.hide(word.place.line, column, column + len(argument))
        column += len(argument)
    return replace(spelling, name="::".join([spelling.word, *shown]))


def _not_here(memory: _Memory, word: Word, spelling: Spelling, unknown: Unknown) -> None:
    if unknown.broken:
        message = f"{spelling.word} cannot be used: {unknown.broken}"
        memory.reading.found.add(codes.BROKEN_PLUGIN, word.place, message, mend=MEND_PLUGIN)
    elif is_bare_ipv6(word.text):
        _bare_ipv6(memory, word)
    else:
        unasked = f", and a catalogue could not be asked: {unknown.unasked}" if unknown.unasked else ""
        near = "" if unknown.package else unknown.nearest
        kind, _, rest = spelling.word.partition(":")
        mend = f"write {near}" if near else "install it on every node, or correct the word"
        mend = f"write {kind}::{rest.lstrip(':')}" if kind == near and rest else mend
        mend = "mend or remove that catalogue (hb plugin doctor), or correct the word" if unasked and not near else mend
        memory.reading.found.add(
            codes.UNKNOWN_RESOURCE,
            word.place,
            f"no plugin, resource script or init script is named {spelling.word!r}{unasked}",
            expected="an entry point, a script of resource.d or init.d, or ocf:PROVIDER:TYPE",
            nearest=near,
            mend=f"pip install {unknown.package}" if unknown.package else mend,
        )


def _bare_ipv6(memory: _Memory, word: Word) -> None:
    address = word.text if not word.text.startswith("IP") else word.text.partition("::")[2]
    bits = address.partition("/")
    mend = f"write IPaddr2::[{bits[0].strip('[]')}]{bits[1]}{bits[2]}"
    message = "an IPv6 address stands in brackets, behind its agent, because :: separates arguments"
    memory.reading.found.add(codes.BARE_IPV6, word.place, message, expected="IPaddr2::[ADDRESS]/BITS", mend=mend)


def _arguments(
    memory: _Memory, word: Word, spelling: Spelling, known: Known, agent: type[ResourceAgent]
) -> tuple[dict[str, str], Params] | None:
    """Return the unparsed and the typed parameters of one resource, or None with findings."""
    problems: list[tuple[str, str]] = []
    raw: dict[str, str] = {}
    params = Params({})
    try:
        from_words = known.from_words or agent.from_words
        raw = {**dict(known.base), **from_words(spelling.arguments)}
        params, bad = parse_params(agent.params, raw, extra=agent.extra_params)
        problems = [(f"{one.name} {one.problem}", one.nearest) for one in bad]
    except ValueError as wrong:
        problems = [(str(wrong), "")]
    except Exception as broken:  # noqa: BLE001 - whatever a plugin does wrong becomes a finding
        message = f"the agent {known.driver} failed on {spelling.name}: {type(broken).__name__}"
        memory.reading.found.add(codes.BROKEN_PLUGIN, word.place, message, mend=MEND_PLUGIN)
        return None
    if problems and is_bare_ipv6(word.text):
        _bare_ipv6(memory, word)
        return None
    form = "::".join([spelling.word, *(name.upper() for name in agent.positional)])
    if known.from_words is not None:  # the driver's own order is not that of the types that it runs
        form = f"{spelling.word}[::{'NAME=VALUE' if agent.extra_params else 'ARGUMENT'}...]"
    for problem, near in problems:
        shown = problem if spelling.name == word.text else "an argument is not valid"
        message = f"{spelling.word}: {shown}"
        mend = f"write {near}" if near else f"correct it; hb ra info {spelling.word} tells the form"
        memory.reading.found.add(codes.RESOURCE_ARGUMENTS, word.place, message, expected=form, nearest=near, mend=mend)
    return None if problems else (raw, params)
