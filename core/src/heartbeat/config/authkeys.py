"""authkeys: the keys that frames are sealed with. Read with the rest at start, and alone when it changed (SIGHUP)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from heartbeat.config import codes
from heartbeat.config.facts import HostFacts, facts_of_this_host
from heartbeat.config.finding import Finding, Findings, Severity
from heartbeat.config.lookup import MEND_PLUGIN
from heartbeat.config.reading import Reading
from heartbeat.config.source import Source, Word, clean_lines, read_source
from heartbeat.plugin.auth import Authenticator
from heartbeat.plugin.errors import PluginError
from heartbeat.plugin.registry import Registry
from heartbeat.plugin.secret import Secret

KEY_NUMBER_MAX = 15
"""Key numbers are 0 to 15, as in heartbeat 3.0.6."""
MEND_AUTH = "write auth and the number of the key that seals: auth 1"
STRONG = 2
"""From this ``strength`` on a method is worth no advice."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key and the method it is for."""

    method: str
    """The entry point's name in ``heartbeat.auth``."""
    secret: Secret


@dataclass(frozen=True, slots=True)
class AuthKeys:
    """All keys: frames are sealed with the active one, and opened with the one whose number they carry."""

    active: int
    keys: Mapping[int, Key]


def read_authkeys(
    path: Path, registry: Registry, *, facts: HostFacts | None = None, run_as: str = ""
) -> tuple[AuthKeys | None, tuple[Finding, ...]]:
    """Return the keys, or None when any finding is an error; and all findings.

    ``run_as`` is the user that the daemon becomes, who may own the file besides root.
    """
    reading = Reading(registry, facts or facts_of_this_host(), Findings())
    keys, _ = collect_keys(path, reading, run_as)
    return keys, tuple(reading.found)


def collect_keys(path: Path, reading: Reading, run_as: str) -> tuple[AuthKeys | None, Source | None]:
    """As ``read_authkeys``, into findings that are there already; also return the text for showing lines."""
    own = Findings()
    _judge_file(path, reading.facts, run_as, own)
    mend = f"write {path}: auth 1, and below it: 1 sha256 KEY; then chmod 600"
    source = read_source(path, own, name="authkeys", mend=mend)
    keys = _read_lines(source, reading.registry, own) if source else None
    reading.found.take(own)
    return (None if own.errors else keys), source


def _judge_file(path: Path, facts: HostFacts, run_as: str, found: Findings) -> None:
    """Nobody but root and the daemon may read the keys (heartbeat 3.0.6 looked at the mode alone)."""
    file = facts.file(path)
    if file is None:
        return
    place = Source("authkeys", ()).place()
    if file.mode & 0o066:
        what = "read" if file.mode & 0o044 else "change"
        message = f"group or others may {what} {path} (mode {file.mode:04o})"
        found.add(codes.KEYS_READABLE, place, message, expected="mode 0600", mend=f"chmod 600 {path}")
    allowed = {0, facts.euid, *([uid] if run_as and (uid := facts.uid(run_as)) is not None else [])}
    if file.uid not in allowed:
        message = f"{path} belongs to uid {file.uid}"
        expected = "root, or the user that runs the daemon"
        found.add(codes.KEYS_OWNER, place, message, expected=expected, mend=f"chown root {path}")


def _read_lines(source: Source, registry: Registry, found: Findings) -> AuthKeys | None:
    keys: dict[int, tuple[Key, int]] = {}
    auths: list[tuple[int, Word]] = []
    numbers: set[int] = set()
    for number in clean_lines(source, found):
        words = source.words(number)
        if not words or words[0].text.startswith("#"):
            continue
        if words[0].text == "auth":
            _read_auth(source, words, auths, found)
            continue
        source.hide(number, words[0].end)
        line = _read_key(source, words, registry, found)
        if line is None:
            numbers |= {int(words[0].text)} if re.fullmatch(r"[0-9]{1,3}", words[0].text) else set()
            continue
        index, key = line
        if index in numbers:
            message = f"key {index} is given twice"
            found.add(codes.KEY_TWICE, words[0].place, message, mend="give one of them another number")
        numbers.add(index)
        keys.setdefault(index, (key, number))
    return _choose(keys, auths, numbers, source, found)


def _read_auth(source: Source, words: list[Word], auths: list[tuple[int, Word]], found: Findings) -> None:
    given = words[1:]
    comment = next((index for index, word in enumerate(given) if word.text.startswith("#")), len(given))
    given = given[:comment]
    if len(given) != 1 or not re.fullmatch(r"[0-9]{1,3}", given[0].text):
        source.hide(words[0].place.line, words[0].end)
        found.add(
            codes.KEYS_LINE, words[0].place, "auth takes the number of one key", expected="auth N", mend=MEND_AUTH
        )
        return
    if int(given[0].text) > KEY_NUMBER_MAX:
        _bad_number(given[0], found)
        return
    auths.append((int(given[0].text), given[0]))


def _bad_number(word: Word, found: Findings) -> None:
    message = f"key number {int(word.text)} is out of range"
    found.add(
        codes.KEY_NUMBER, word.place, message, expected=f"0 to {KEY_NUMBER_MAX}", mend="renumber it here and in auth"
    )


def _read_key(source: Source, words: list[Word], registry: Registry, found: Findings) -> tuple[int, Key] | None:
    """Return one ``N METHOD [KEY]`` line. Nothing behind the method is ever quoted."""
    first = words[0]
    if not re.fullmatch(r"[0-9]{1,3}", first.text) or len(words) < 2:
        source.hide(first.place.line, first.place.column)
        message = "this line is neither auth N nor N METHOD KEY"
        expected, mend = "auth N, or N METHOD KEY", "correct the line, or put # before it"
        found.add(codes.KEYS_LINE, first.place, message, expected=expected, mend=mend)
        return None
    if int(first.text) > KEY_NUMBER_MAX:
        _bad_number(first, found)
        return None
    method = _method(words[1], registry, found)
    if method is None:
        return None
    given = words[2:]
    if given and (given[0].text == "#" or (not method.needs_key and given[0].text.startswith("#"))):
        given = []
    _judge_method(method, words[1], found)
    source.reveal(first.place.line)
    if len(words) > 2:
        source.hide(first.place.line, words[2].place.column)
    if method.needs_key and not given:
        message = f"{words[1].text} needs a key"
        found.add(
            codes.KEY_MISSING,
            words[1].place,
            message,
            expected="N METHOD KEY",
            mend="write a long random word after it: openssl rand -hex 32",
        )
        return None
    if not method.needs_key and given:
        message = f"{words[1].text} takes no key"
        found.add(codes.KEY_NOT_WANTED, given[0].place, message, expected="N METHOD", mend="choose a method with a key")
        return None
    if len(given) > 1 and not given[1].text.startswith("#"):
        message = "a key is one word: what follows the first blank is ignored, as it always was"
        found.add(codes.KEY_WORDS, given[1].place, message, mend="delete the rest of the line")
    return int(first.text), Key(words[1].text, Secret(given[0].text if given else ""))


def _method(word: Word, registry: Registry, found: Findings) -> type[Authenticator] | None:
    """Return the method's class. A word that is no method may be a key in the wrong place: it is never quoted."""
    try:
        method = registry.load("auth", word.text)
        if issubclass(method, Authenticator):
            return method
        found.add(codes.BROKEN_PLUGIN, word.place, f"{word.text} is no authentication method", mend=MEND_PLUGIN)
    except LookupError:
        package = registry.package_for("auth", word.text)
        near = "" if package else found.nearest(word.text, lambda: registry.names("auth"))
        found.add(
            codes.METHOD_NOT_INSTALLED,
            word.place,
            f"the method {word.text} is not installed" if package else "no installed method has this name",
            expected="one of " + ", ".join(registry.names("auth")),
            nearest=near,
            mend=f"pip install {package}" if package else f"write {near}" if near else "choose one of these",
        )
    except PluginError as broken:
        message = f"the method {word.text} cannot be used: {broken}"
        found.add(codes.BROKEN_PLUGIN, word.place, message, mend=MEND_PLUGIN)
    return None


def _judge_method(method: type[Authenticator], word: Word, found: Findings) -> None:
    if method.strength >= STRONG:
        return
    weak = "rests on a hash that has aged" if method.strength else "lets anybody on the wire speak for any node"
    mend = "write sha256, or chacha20 to encrypt as well; rotate by adding a key on all nodes, then changing auth"
    found.add(codes.WEAK_METHOD, word.place, f"{word.text} {weak}", mend=mend)


def _choose(
    keys: dict[int, tuple[Key, int]],
    auths: list[tuple[int, Word]],
    numbers: set[int],
    source: Source,
    found: Findings,
) -> AuthKeys | None:
    """Find the active key; say where the old order rule differed."""
    if not auths:
        if not any(finding.severity is Severity.ERROR and "auth" in finding.expected for finding in found):
            message = "no auth line says which key seals"
            found.add(codes.NO_AUTH, source.place(), message, expected="auth N", mend="add: auth 1")
        return None
    active, word = auths[0]
    for other, again in auths[1:]:
        if other != active:
            message = f"auth {active} stands in line {word.place.line}, and auth {other} here"
            found.add(codes.TWO_AUTH, again.place, message, mend="delete one of the lines")
    if active not in numbers:
        has = "keys: " + ", ".join(map(str, sorted(numbers))) if numbers else "a key line"
        message = f"there is no key {active}"
        found.add(
            codes.NO_SUCH_KEY,
            word.place,
            message,
            expected=has,
            mend=f"add a line {active} METHOD KEY, or name another key",
        )
        return None
    if active not in keys:
        return None
    if keys[active][1] < word.place.line:
        message = f"auth {active} stands after key {active}: it counts here, and was an error before"
        found.add(codes.KEYS_OLD_ORDER, word.place, message, mend="nothing, unless heartbeat 3 still reads this file")
    return AuthKeys(active, {index: key for index, (key, _) in sorted(keys.items())})
