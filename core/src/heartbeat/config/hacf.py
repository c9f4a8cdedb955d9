"""ha.cf as its lines say it: every directive checked for form and value, nothing resolved yet."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from heartbeat.config import codes
from heartbeat.config.directives import DIRECTIVES, KNOWN_MEDIA, Directive, Standing
from heartbeat.config.finding import Findings
from heartbeat.config.reading import Reading
from heartbeat.config.source import Source, Word, clean_lines, uncommented
from heartbeat.config.values import NotOneOf, Value


@dataclass(frozen=True, slots=True)
class Use:
    """One line of ha.cf."""

    directive: Word
    words: tuple[Word, ...]
    value: Value

    @property
    def line(self) -> int:
        return self.directive.place.line

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.words)


@dataclass(slots=True)
class HaCf:
    """All lines that have a sense, by directive. ``source`` is None when the file could not be read."""

    source: Source | None
    uses: dict[str, list[Use]] = field(default_factory=dict)
    media: dict[str, list[Use]] = field(default_factory=dict)
    """Lines of installed media, by directive."""
    missing_media: bool = False
    """Some line names a medium whose plugin is not installed."""
    wrong: set[str] = field(default_factory=set)
    """Directives of which some line had to be left out: what follows from their defaults is not worth telling."""

    def all(self, name: str) -> list[Use]:
        """Return every line of a directive, in file order."""
        return self.uses.get(name, [])

    def one(self, name: str) -> Use | None:
        """Return the line that gives a single-valued directive."""
        return next(iter(self.all(name)), None)

    def seconds(self, name: str, default: float) -> float:
        use = self.one(name)
        return use.value if use and isinstance(use.value, float) else default

    def text(self, name: str, default: str = "") -> str:
        use = self.one(name)
        return use.value if use and isinstance(use.value, str) else default

    def integer(self, name: str, default: int) -> int:
        use = self.one(name)
        return use.value if use and isinstance(use.value, int) else default

    def flag(self, name: str, *, default: bool) -> bool:
        use = self.one(name)
        return use.value if use and isinstance(use.value, bool) else default

    def words(self, name: str) -> Iterator[Word]:
        """Yield the words of all lines of a directive."""
        for use in self.all(name):
            yield from use.words


def read_hacf(source: Source | None, reading: Reading) -> HaCf:
    """Return what the lines say; whatever is wrong with them becomes findings."""
    hacf = HaCf(source)
    if source is None:
        return hacf
    found = reading.found
    installed = frozenset(reading.registry.names("comm"))
    for number in clean_lines(source, found):
        words = uncommented(source, number, found)
        if not words:
            continue
        name = words[0].text
        if name in DIRECTIVES:
            _read_directive(hacf, source, DIRECTIVES[name], words, found)
        elif name in installed:
            hacf.media.setdefault(name, []).append(Use(words[0], tuple(words[1:]), ()))
        else:
            _unknown(hacf, source, reading, words[0])
    _one_value_each(hacf, found)
    return hacf


def _read_directive(hacf: HaCf, source: Source, directive: Directive, words: list[Word], found: Findings) -> None:
    """Check one line's words and value, and file it or refuse it."""
    first, given = words[0], words[1:]
    if directive.secret_from is not None:
        _hide(source, directive, first, given)
    form = f"{directive.name} {directive.form}"
    canonical = directive.same_as or directive.name
    if directive.standing is Standing.REFUSED and directive.most is None:
        found.add(codes.REFUSED, first.place, f"{directive.name} is refused: {directive.text}", mend="delete the line")
        return
    if len(given) < directive.least or (directive.most is not None and len(given) > directive.most):
        few = len(given) < directive.least
        place = first.place if few else given[directive.most or 0].place
        message, mend = f"{directive.name} has too {'few' if few else 'many'} words", f"write {form}"
        found.add(codes.WORD_COUNT, place, message, expected=form, mend=mend)
        hacf.wrong.add(canonical)
        return
    try:
        value = directive.parse([word.text for word in given])
    except ValueError as wrong:
        shown = "the value" if directive.secret_from is not None else repr(" ".join(word.text for word in given))
        message = f"{shown} is not valid for {directive.name}"
        allowed = wrong.allowed if isinstance(wrong, NotOneOf) and not given[0].text.isdigit() else ()
        near = found.nearest(given[0].text, lambda: allowed) if allowed else ""
        mend = f"write {directive.name} {near}" if near else f"write {form}"
        found.add(codes.BAD_VALUE, given[0].place, message, expected=str(wrong), nearest=near, mend=mend)
        hacf.wrong.add(canonical)
        return
    _judge(directive, first, value, found)
    hacf.uses.setdefault(canonical, []).append(Use(first, tuple(given), value))


def _judge(directive: Directive, first: Word, value: Value, found: Findings) -> None:
    """Note what is done otherwise; refuse what is not done."""
    if directive.quiet(value):
        return
    if directive.standing is Standing.REFUSED:
        found.add(codes.REFUSED, first.place, f"{directive.name} is refused: {directive.text}", mend="delete the line")
    elif directive.standing is Standing.NOTED:
        found.add(
            codes.ACCEPTED,
            first.place,
            f"{directive.name} has no effect: {directive.text}",
            mend="the line may stay or go",
        )


def _hide(source: Source, directive: Directive, first: Word, given: list[Word]) -> None:
    """Hide what may be secret, up to the end of the line; who knows better reveals it again."""
    for word in given[directive.secret_from :][:1]:
        name, equals, _ = word.text.partition("=")
        start = len(name) + 1 if directive.name == "env" and equals else 0
        source.hide(first.place.line, word.place.column + start)


def _unknown(hacf: HaCf, source: Source, reading: Reading, word: Word) -> None:
    """A word that is no directive: a medium not installed, or a slip of the pen."""
    name = word.text
    found, registry = reading.found, reading.registry
    package = registry.package_for("comm", name)
    if package or name in KNOWN_MEDIA:
        hacf.missing_media = True
        if name not in KNOWN_MEDIA:
            source.hide(word.place.line, word.end)  # a vendor's medium may have a key on its line
        found.add(
            codes.MEDIUM_NOT_INSTALLED,
            word.place,
            f"the medium {name!r} is not installed",
            mend=f"pip install {package}" if package else "use another medium: no known package brings this one",
        )
        return
    near = found.nearest(name, lambda: {*DIRECTIVES, *registry.names("comm"), *KNOWN_MEDIA})
    if not (near in KNOWN_MEDIA or (near in DIRECTIVES and DIRECTIVES[near].secret_from is None)):
        source.hide(word.place.line, word.end)
    mend = f"write {near}" + (", then a blank and its words" if re.search("[=:]", name) else "")
    found.add(
        codes.UNKNOWN_DIRECTIVE,
        word.place,
        f"{name!r} is no directive",
        expected="a directive of ha.cf, or the name of an installed medium",
        nearest=near,
        mend=mend if near else "delete the line",
    )


def _one_value_each(hacf: HaCf, found: Findings) -> None:
    """Because order does not matter, a directive with one value can have only one."""
    for name, uses in hacf.uses.items():
        if DIRECTIVES[name].many:
            continue
        first = uses[0]
        for other in uses[1:]:
            if other.value == first.value:
                found.add(
                    codes.SAME_TWICE,
                    other.directive.place,
                    f"{name} was given already in line {first.line}, with the same value",
                    mend="delete one of the lines",
                )
            else:
                found.add(
                    codes.TWO_VALUES,
                    other.directive.place,
                    f"{name} is {' '.join(first.texts)} in line {first.line} and {' '.join(other.texts)} here",
                    expected="one value, because the order of lines decides nothing",
                    mend="delete one of the lines",
                )
