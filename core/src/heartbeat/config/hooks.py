"""``hook`` lines: which listeners ``hb hooks`` makes, and with what parameters.

The daemon does not read them. ``hb check`` judges them; whatever is wrong with a hook is a warning, for it keeps no
cluster from starting.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import msgspec

from heartbeat.config import codes
from heartbeat.config.finding import Findings, Severity
from heartbeat.config.hacf import HaCf, Use
from heartbeat.config.lookup import MEND_PLUGIN, load_named
from heartbeat.config.reading import Reading
from heartbeat.config.source import Word, clean_lines, read_source, uncommented
from heartbeat.plugin.hooks import Listener
from heartbeat.plugin.kind import Plugin
from heartbeat.plugin.param import parse_params

DIRECTIVE = "hook"


class HookConfig(msgspec.Struct, frozen=True):
    """One listener to make."""

    name: str
    """``notify``; a second line of the same plugin is ``notify #2``."""
    plugin: str
    """The entry point's name in ``heartbeat.hooks``; may be ``distribution:name``."""
    params: dict[str, str]
    """May hold secrets: never logged, never in argv."""

    def __repr__(self) -> str:
        """Show which parameters there are, and none of their values."""
        return f"HookConfig({self.name!r}, params={sorted(self.params)})"


def hooks_of(path: Path) -> tuple[list[HookConfig], list[str]]:
    """Return the hooks of an ha.cf, and what keeps it from being read, as lines. Loads no plugin."""
    found = Findings()
    source = read_source(path, found, name=str(path), mend="let the user of hb hooks read it")
    hooks: list[HookConfig] = []
    for number in clean_lines(source, found) if source else ():
        words = [word.text for word in uncommented(source, number, found)] if source else []
        if len(words) > 1 and words[0] == DIRECTIVE:
            params = {name: value for name, equals, value in (word.partition("=") for word in words[2:]) if equals}
            hooks.append(HookConfig(_name(words[1], hooks), words[1], params))
    return hooks, [str(finding) for finding in found if finding.severity is Severity.ERROR]


def _name(plugin: str, before: list[HookConfig]) -> str:
    same = sum(hook.plugin == plugin for hook in before)
    return f"{plugin} #{same + 1}" if same else plugin


def judge_hooks(hacf: HaCf, reading: Reading, ha_cf: Path) -> None:
    """Load the listeners of all hook lines and say what is wrong with them, or with nobody running them."""
    uses = hacf.all(DIRECTIVE)
    for use in uses:
        _judge(hacf, use, reading, ha_cf)
    if uses and not any(_runs_hooks(use) for name in ("respawn", "failfast") for use in hacf.all(name)):
        reading.found.add(
            codes.HOOKS_NOT_RUN,
            uses[0].directive.place,
            "no respawn line runs hb hooks: unless something else does, the hooks hear nothing",
            mend="add: respawn hacluster /usr/bin/hb hooks",
        )


def _runs_hooks(use: Use) -> bool:
    """``respawn USER .../hb hooks``"""
    words = use.texts[1:]
    return len(words) > 1 and PurePosixPath(words[0]).name == "hb" and "hooks" in words[1:]


def _judge(hacf: HaCf, use: Use, reading: Reading, ha_cf: Path) -> None:
    named, given = use.words[0], use.words[1:]
    plugin = _loaded(named, reading)
    if plugin is None:
        return
    secretive = plugin.extra_params or any(param.secret for param in plugin.params)
    if hacf.source is not None and not secretive:
        hacf.source.reveal(use.line)
    raw = {name: value for name, equals, value in (word.text.partition("=") for word in given) if equals}
    for place, problem, near in _problems(plugin, named, given, raw):
        mend = f"write {near}" if near else f"hb plugin show hooks:{named.text} tells its parameters"
        reading.found.add(
            codes.HOOK_PARAMETER,
            place.place,
            f"hook {named.text}: {problem}: it is not started",
            expected="PARAMETER=VALUE, without blanks",
            nearest=near,
            mend=mend,
        )
    _judge_secrecy(plugin, named, raw, reading, ha_cf)


def _loaded(named: Word, reading: Reading) -> type[Plugin] | None:
    plugin = load_named(reading, "hooks", named.text, "the hook", codes.HOOK_UNUSABLE, named.place)
    if plugin is not None and not issubclass(plugin, Listener):
        message = f"the hook {named.text} cannot be used: it is no Listener"
        reading.found.add(codes.HOOK_UNUSABLE, named.place, message, mend=MEND_PLUGIN)
        return None
    return plugin


def _problems(
    plugin: type[Plugin], named: Word, given: tuple[Word, ...], raw: Mapping[str, str]
) -> Iterator[tuple[Word, str, str]]:
    """Yield where, what and the nearest right name. Values of a plugin with a secret are not quoted."""
    secretive = plugin.extra_params or any(param.secret for param in plugin.params)
    for word in given:
        if "=" not in word.text:
            yield word, "a word is no PARAMETER=VALUE" if secretive else f"{word.text!r} is no PARAMETER=VALUE", ""
    _, problems = parse_params(plugin.params, raw, extra=plugin.extra_params)
    for bad in problems:
        place = next((word for word in given if word.text.startswith(f"{bad.name}=")), named)
        problem = bad.problem.replace(repr(raw.get(bad.name)), "the value") if secretive else bad.problem
        known = not secretive or any(bad.name == param.name for param in plugin.params)
        yield place, f"{bad.name if known else 'a word'} {problem}", bad.nearest


def _judge_secrecy(plugin: type[Plugin], named: Word, raw: Mapping[str, str], reading: Reading, ha_cf: Path) -> None:
    file = reading.facts.file(ha_cf)
    names = {name for param in plugin.params if param.secret for name in (param.name, *param.aliases)}
    if file is not None and file.mode & 0o004 and names & raw.keys():
        message = f"a secret of the hook {named.text} stands here, and everybody may read the file"
        mode = f"mode {file.mode:04o}"
        mend = f"chmod 640 {ha_cf}, and give it to the group of the user that runs hb hooks"
        reading.found.add(codes.READABLE_SECRET, named.place, f"{message} ({mode})", mend=mend)
