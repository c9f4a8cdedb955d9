"""STONITH devices: what the ``stonith`` and ``stonith_host`` lines of ha.cf mean for this node, and for the others."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from heartbeat.config import codes
from heartbeat.config.cluster_config import DeviceConfig
from heartbeat.config.device_line import DeviceLine
from heartbeat.config.finding import Findings, Place
from heartbeat.config.hacf import HaCf, Use
from heartbeat.config.levels import JOINS, in_levels
from heartbeat.config.lookup import MEND_PLUGIN, Known, described, look_up
from heartbeat.config.nodes import find_node
from heartbeat.config.reading import Reading
from heartbeat.config.source import Source, Word, read_source
from heartbeat.model.names import NodeName
from heartbeat.plugin.errors import BadConfig
from heartbeat.plugin.param import BadParameter, Params, parse_params
from heartbeat.plugin.stonith import StonithDevice

DIRECTIVES = ("stonith", "stonith_host", JOINS)
"""Those whose lines are devices."""
EVERYBODY = "*"
"""HOST of a stonith_host line that every node may use."""
WORDS_SEARCHED = 200
"""Of a line, for the place of a finding."""
PROBLEMS_TOLD = 10
"""Of one line: what follows is mostly the echo of the first."""


def read_devices(hacf: HaCf, reading: Reading) -> tuple[DeviceLine, ...]:
    """Return the devices of all valid lines, for any node, in file order."""
    if hacf.source is None:
        return ()
    uses = sorted((use for directive in DIRECTIVES for use in hacf.all(directive)), key=lambda use: use.line)
    read = [_read_line(hacf.source, reading, number, use) for number, use in enumerate(uses, 1)]
    lines = list(in_levels(uses, read, reading))
    mine = [line for line in lines if reading.me is None or line.usable_by(reading.me)]
    if len(mine) > 1:
        reading.found.add(
            codes.ALL_LINES_COUNT,
            mine[-1].place,
            f"all {len(mine)} STONITH lines of this node count; before, only this last one did",
            mend="delete those that should not count",
        )
    return tuple(lines)


def _read_line(source: Source, reading: Reading, number: int, use: Use) -> DeviceLine | None:
    """Return what one line says; None, with findings, when it says nothing usable."""
    words = list(use.words)
    driver, known_driver = reading.me, True
    if use.directive.text != "stonith":
        host = words.pop(0)
        driver, known_driver = _driver(reading, host)
    kind, given = words[0], words[1:]
    known = described(look_up(reading, "stonith", kind.text, StonithDevice))
    if not isinstance(known, Known):
        _not_installed(reading, kind, known.package, known.nearest, known.broken)
        return None
    device = known.plugin
    assert issubclass(device, StonithDevice)
    if not _may_hold_a_secret(device):
        source.reveal(use.line)
    texts = [word.text for word in given]
    if use.directive.text == "stonith" and len(texts) == 1 and re.match(r"/(?!dev/)", texts[0]):
        texts_of_file = _read_file(reading, given[0])
        if texts_of_file is None:
            return None
        texts = texts_of_file
    raw = {**dict(known.base), **params_of_words(device, texts)}
    params, problems = parse_params(device.params, raw, extra=device.extra_params)
    for bad, (problem, near) in zip(problems, _told(problems, texts, device), strict=False):
        form = " ".join([kind.text, *(name.upper() for name in device.positional or ("name=value...",))])
        place = _place_of(bad.name, given, device) or (given[0].place if given else kind.place)
        mend = f"write {near}" if near else f"hb plugin show {kind.text} tells its parameters"
        reading.found.add(
            codes.DEVICE_PARAMETER, place, f"{kind.text}: {problem}", expected=form, nearest=near, mend=mend
        )
    if problems or not known_driver:
        return None
    if (told := _hosts_and_time(reading, device, params, kind, given)) is None:
        return None
    config = DeviceConfig(
        name=f"{kind.text} #{number}",
        type=known.driver,
        params=raw,
        hosts=told[0],
        can_read_power=device.can_read_power,
        worst_off_s=told[1],
        test_only=device.test_only,
        serialises=device.serialises,
        gives_power=device.gives_power,
    )
    secret = texts == [word.text for word in given] and any(
        name in raw for param in device.params if param.secret for name in (param.name, *param.aliases)
    )
    return DeviceLine(config, driver, kind.place, secret, device.itself_only, device.resets_itself)


def _driver(reading: Reading, host: Word) -> tuple[NodeName | None, bool]:
    """Return who may use the device, and whether that is somebody at all."""
    if host.text == EVERYBODY:
        return None, True
    node = find_node(host, reading.nodes, reading.found)
    if node is None and reading.nodes:
        near = reading.found.nearest(host.text, lambda: reading.nodes)
        reading.found.add(
            codes.UNKNOWN_DRIVER,
            host.place,
            f"{host.text} is no node, so nobody would ever use this device",
            expected="a node's name, or * for every node",
            nearest=near,
            mend=f"write {near}" if near else "write *",
        )
    return node, node is not None


def _not_installed(reading: Reading, kind: Word, package: str, near: str, broken: str) -> None:
    if broken:
        message = f"the device type {kind.text} cannot be used: {broken}"
        reading.found.add(codes.BROKEN_PLUGIN, kind.place, message, mend=MEND_PLUGIN)
        return
    mend = f"pip install {package}" if package else f"write {near}" if near else "see hb plugin list --kind stonith"
    reading.found.add(
        codes.DEVICE_NOT_INSTALLED,
        kind.place,
        f"no installed plugin is the STONITH device type {kind.text!r}",
        expected="a type that hb plugin list shows",
        nearest="" if package else near,
        mend=mend,
    )


def params_of_words(device: type[StonithDevice], texts: Sequence[str]) -> dict[str, str]:
    """Return unparsed parameters from words: NAME=VALUE where the device knows the name, else by position.

    As in the classic form, the last positional parameter takes the whole rest of the line with its blanks.
    """
    names = {name for param in device.params for name in (param.name, *param.aliases)}
    named = [text.partition("=") for text in texts]
    look_named = all(equals and re.fullmatch(r"[A-Za-z_][\w-]*", name) for name, equals, _ in named)
    if texts and look_named and (device.extra_params or not device.positional or names & {n for n, _, _ in named}):
        return {name: value for name, _, value in named}
    raw = {name: value for name, equals, value in named if equals and name in names}
    rest = [text for text, (name, equals, _) in zip(texts, named, strict=True) if not (equals and name in names)]
    places = [name for name in device.positional if name not in raw]
    if len(rest) > len(places) > 0:
        rest = [*rest[: len(places) - 1], " ".join(rest[len(places) - 1 :])]
    for index, text in enumerate(rest):
        raw[places[index] if index < len(places) else f"word {index + 1}"] = text
    return raw


def _place_of(name: str, given: Sequence[Word], device: type[StonithDevice]) -> Place | None:
    """Return where a parameter stands in the line: by its name, else by its position; None when it does not.

    And None when the line may hold a secret, whose length would show.
    """
    if _may_hold_a_secret(device):
        return None
    named = {word.text.partition("=")[0]: word.place for word in given if "=" in word.text}
    spellings = next(((it.name, *it.aliases) for it in device.params if it.name == name), (name,))
    if found := next((named[it] for it in spellings if it in named), None):
        return found
    if named or name not in device.positional:
        return None
    index = device.positional.index(name)
    return given[index].place if index < len(given) else None


def _told(
    problems: Sequence[BadParameter], texts: Sequence[str], device: type[StonithDevice]
) -> Iterator[tuple[str, str]]:
    """Yield each problem and the nearest name. A device with a secret has none of its words quoted: they may be
    shifted, so that the secret stands in another parameter's place.
    """
    secretive = _may_hold_a_secret(device)
    declared = {param.name for param in device.params}
    pieces = {piece for text in texts for piece in (text, *text.split("="))} - {""}
    for bad in problems[:PROBLEMS_TOLD]:
        if not secretive:
            yield f"{bad.name} {bad.problem}", bad.nearest
            continue
        problem = bad.problem
        for piece in sorted(pieces, key=len, reverse=True):
            problem = problem.replace(repr(piece), "***")
        name = bad.name if bad.name in declared else "a word"
        yield f"{name} {problem}", bad.nearest


def _may_hold_a_secret(device: type[StonithDevice]) -> bool:
    return any(param.secret for param in device.params) or device.extra_params


def _read_file(reading: Reading, word: Word) -> list[str] | None:
    """Return the words of a classic parameter file: its first line that is neither empty nor a comment."""
    path = Path(word.text)
    if not reading.own and reading.facts.file(path) is None:
        message = f"{path} is not on this host: the device is left out here"
        reading.found.add(codes.DEVICE_FILE_ELSEWHERE, word.place, message, mend="hb check on the node itself")
        return None
    found = Findings()
    source = read_source(path, found, name=word.text)
    numbers = range(1, len(source.lines) + 1) if source else ()
    lines = [source.words(number) for number in numbers] if source else []
    first = next((words for words in lines if words and not words[0].text.startswith("#")), None)
    if first is None:
        why = next((finding.message for finding in found), f"{path} holds no line of parameters")
        expected, mend = "one line with the device's parameters", f"write them into {path}"
        reading.found.add(codes.DEVICE_FILE, word.place, why, expected=expected, mend=mend)
        return None
    facts = reading.facts.file(path)
    if facts is not None and facts.mode & 0o044:
        message = f"{path} may hold a password and is readable by others (mode {facts.mode:04o})"
        reading.found.add(codes.READABLE_SECRET, word.place, message, mend=f"chmod 600 {path}")
    return [part.text for part in first]


def _hosts_and_time(
    reading: Reading, device: type[StonithDevice], params: Params, kind: Word, given: Sequence[Word]
) -> tuple[tuple[str, ...], float] | None:
    """Return the hosts that the parameters name, in lower case, none when only the device knows, and how many seconds
    switching off may take with them. None: broken."""
    try:
        configured = device.configured_hosts(params)
        worst_off_s = device.worst_off_with(params)
        hosts = tuple(sorted({str(host).lower() for host in configured or ()}))
    except BadConfig as wrong:
        reading.found.add(
            codes.DEVICE_PARAMETER,
            given[0].place if given else kind.place,
            f"{kind.text}: {wrong}",
            mend=f"hb plugin show {kind.text} tells its parameters",
        )
        return None
    except Exception as broken:  # noqa: BLE001 - whatever a plugin does wrong becomes a finding
        message = f"the device type {kind.text} cannot tell its hosts: {type(broken).__name__}"
        reading.found.add(codes.BROKEN_PLUGIN, kind.place, message, mend=MEND_PLUGIN)
        return None
    for host in hosts:
        if host not in reading.nodes:
            place = next((word.place for word in given[:WORDS_SEARCHED] if host in word.text.lower()), kind.place)
            near = reading.found.nearest(host, lambda: reading.nodes)
            message, mend = f"{kind.text} can switch {host}, which is no node", f"write {near}" if near else "delete it"
            reading.found.add(codes.UNKNOWN_HOST, place, message, nearest=near, mend=mend)
    if configured is None and device.name_max:
        _check_lengths(reading, device.name_max, kind)
    return hosts, worst_off_s


def _check_lengths(reading: Reading, name_max: int, kind: Word) -> None:
    """Find the nodes whose names the device would cut: it knows its hosts by these names alone."""
    for node in reading.nodes:
        if len(node) > name_max:
            reading.found.add(
                codes.NAME_TOO_LONG,
                kind.place,
                f"{kind.text} holds names of {name_max} letters, and {node} has {len(node)}",
                expected="outlets=NODE=NUMBER for each node of the device",
                mend=f"add outlets={node}=NUMBER to the line",
            )
