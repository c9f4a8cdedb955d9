"""The papers do not lie: links lead somewhere, commands and options exist, words that must not be there are not."""

import functools
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from heartbeat.cli import hb
from heartbeat.config.codes import CODES
from heartbeat.config.directives import DIRECTIVES, KNOWN_MEDIA, Standing
from heartbeat.model.fence_codes import FENCE_CODES
from heartbeat.pils.registry import PluginRegistry

ROOT = Path(__file__).resolve().parents[1]
PAPERS = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("core/*.md"),
        *ROOT.glob("plugins_*/*/*.md"),
    ]
)
FORBIDDEN = re.compile(r"/work\b|\bshared/|reference/[a-z]|--(extra-)?index-url|--find-links +/", re.IGNORECASE)
HOST = re.compile(r"https?://([^/\s)\"'`>]+)")
HOSTS_WE_NAME = ("keepachangelog.com", "semver.org")
"""Besides examples. No package index: whoever installs has one configured, and it may be a mirror."""
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
END_OF_COMMAND = re.compile(r"^(\||;|&&|&|>|>>|2>&1|<|#.*)$")


class Shown(NamedTuple):
    """A command line as a paper shows it."""

    paper: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.paper.relative_to(ROOT)}:{self.line}: {self.text}"


def shown_commands(program: str) -> list[Shown]:
    return [shown for paper in PAPERS for shown in _commands_of(paper, program)]


def _commands_of(paper: Path, program: str) -> Iterator[Shown]:
    """Find ``program ...`` at the start of lines in code blocks, and whole in inline code."""
    text = paper.read_text(encoding="utf-8")
    in_block = re.compile(rf"^ *(?:[$#] +)?(?:sudo +)?(?:\S*/)?{program} +(\S.*)$")
    in_line = re.compile(rf"`(?:\S*/)?{program} ([^`]+)`")
    block = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            block = not block
        elif block and (found := in_block.match(line)):
            yield Shown(paper, number, found[1])
        elif not block:
            yield from (Shown(paper, number, command) for command in in_line.findall(line))


def words_of(text: str) -> list[str]:
    """Return the command's own words: no comment, nothing after a pipe, no brackets of a synopsis."""
    words = shlex.split(re.sub(r"\s#\s.*$", "", text.replace("…", "...")))
    ended = next((i for i, word in enumerate(words) if END_OF_COMMAND.match(word)), len(words))
    return [word.strip("[]") for word in words[:ended] if word.strip("[]") and "..." not in word]


def what_is_wrong(words: list[str]) -> str:
    """Walk the words through the command line's own tree; return a complaint, or nothing."""
    command: click.Command = hb
    context = click.Context(hb)
    while words:
        word, *words = words
        if word.startswith("-"):
            option = _option(command, word.split("=")[0])
            if option is None:
                return f"{command.name} has no option {word}"
            if not option.is_flag and not option.count and "=" not in word:
                words = words[1:]
        elif isinstance(command, click.Group):
            inner = command.get_command(context, word)
            if inner is None:
                return f"{command.name} has no command {word}"
            command = inner
        elif not any(isinstance(parameter, click.Argument) for parameter in command.params):
            return f"{command.name} takes no word such as {word}"
        elif not command.context_settings.get("allow_interspersed_args", True):
            return ""  # what follows belongs to another program
    return ""


def _option(command: click.Command, name: str) -> click.Option | None:
    known = [*command.params, *hb.params, click.Option(["-h", "--help"], is_flag=True)]
    return next(
        (one for one in known if isinstance(one, click.Option) and name in (*one.opts, *one.secondary_opts)), None
    )


def test_every_hb_command_that_is_shown_exists_with_its_options() -> None:
    wrong = [f"{shown}: {complaint}" for shown in shown_commands("hb") if (complaint := _checked(shown))]
    assert not wrong, "\n" + "\n".join(wrong)


def _checked(shown: Shown) -> str:
    for alternative in _alternatives(words_of(shown.text)):
        if complaint := what_is_wrong(alternative):
            return complaint
    return ""


def _alternatives(words: list[str]) -> list[list[str]]:
    """``standby|takeover all|local`` means each of them."""
    spread: list[list[str]] = [[]]
    for word in words:
        spread = [[*before, choice] for before in spread for choice in word.split("|")]
    return spread


def test_a_command_that_does_not_exist_would_be_found() -> None:
    assert "no command fly" in what_is_wrong(["fly"])
    assert "no option --wings" in what_is_wrong(["check", "--wings"])


def test_every_make_target_that_is_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    wrong = [str(shown) for shown in shown_commands("make") if shown.text.split()[0] not in targets]
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))
def test_links_between_papers_lead_somewhere(paper: Path) -> None:
    text = FENCE.sub("", paper.read_text(encoding="utf-8"))
    broken = [target for target in LINK.findall(text) if "://" not in target and not _leads_somewhere(paper, target)]
    assert not broken


def _leads_somewhere(paper: Path, target: str) -> bool:
    file, _, anchor = target.partition("#")
    goal = (paper.parent / file).resolve() if file else paper
    if not goal.exists():
        return False
    return not anchor or goal.suffix != ".md" or anchor in _anchors(goal)


def _anchors(paper: Path) -> set[str]:
    text = paper.read_text(encoding="utf-8")
    titles = re.findall(r"^#+ +(.*)$", FENCE.sub("", text), re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}
    return slugs | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))
def test_papers_speak_of_the_project_alone(paper: Path) -> None:
    lines = paper.read_text(encoding="utf-8").splitlines()
    assert not [f"{n}: {line}" for n, line in enumerate(lines, 1) if FORBIDDEN.search(line)]
    hosts = {host for line in lines for host in HOST.findall(line)}
    named = {*HOSTS_WE_NAME, *(_documented_at() if paper.parent.name == "plugins" else ())}
    assert not [host for host in hosts if host not in named and not _is_an_example(host)]


@functools.cache
def _documented_at() -> frozenset[str]:
    """Return the hosts of what plugins name as the documentation of their device or protocol."""
    registry = PluginRegistry()
    loaded = [registry.load_announced(it) for it in registry.announced() if not it.missing_extra]
    return frozenset(host for plugin in loaded for host in HOST.findall(plugin.docs_url))


def _is_an_example(host: str) -> bool:
    """Names and addresses set aside for examples (RFC 2606, 5737, 1918) or of this machine."""
    return bool(re.match(r"(localhost|127\.|10\.|192\.0\.2\.|\[|.*\.?example(\.|$))", host))


def _blocks(info: str) -> Iterator[tuple[Path, str, str]]:
    """Yield paper, rest of the info line and text of each code block whose info line begins so."""
    block = re.compile(rf"^```{info}([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
    for paper in PAPERS:
        for rest, text in block.findall(paper.read_text(encoding="utf-8")):
            yield paper, rest.strip(), text


def test_what_is_quoted_from_a_file_stands_there() -> None:
    quoted = [block for language in ("python", "toml") for block in _blocks(f"{language} +")]
    assert quoted
    for paper, source, text in quoted:
        rest = (ROOT / source).read_text(encoding="utf-8")
        for piece in text.split("...\n"):
            _, found, rest = rest.partition(piece)
            assert found, f"{paper.name}: {source} does not say (any more):\n{piece}"


def test_every_line_of_ha_cf_that_is_shown_begins_with_a_directive() -> None:
    known = {*DIRECTIVES, *KNOWN_MEDIA}
    for paper, _, text in _blocks("ha.cf"):
        shown = {line.split()[0] for line in text.splitlines() if line.split("#")[0].strip()}
        assert shown <= known, f"{paper.name}: {shown - known}"


def test_every_directive_of_heartbeat_3_that_the_map_names_is_one() -> None:
    text = (ROOT / "docs" / "from-heartbeat-3.md").read_text(encoding="utf-8")
    table = text.partition("| directive |")[2].partition("\n\n")[0]
    named = {
        word.split()[0]
        for cell in re.findall(r"^\| (.*?) \|", table, re.MULTILINE)
        for word in re.findall(r"`(.*?)`", cell)
    }
    assert len(named) > 15
    assert named - {"any", "off", ".../ipfail"} <= {*DIRECTIVES, *KNOWN_MEDIA}
    changed = {name for name, one in DIRECTIVES.items() if one.standing is not Standing.HONOURED}
    assert not changed - named, "what became of these?"


def test_every_finding_has_its_section_under_its_title_and_with_its_severity() -> None:
    text = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    sections = re.findall(r"^### (HB-C\d{3}) (.+)\n\n\*(\w+)\.\* (.+)$", text, re.MULTILINE)
    told = [(code, title, severity.lower()) for code, title, severity, _ in sections]
    assert told == [(code.code, code.title, code.severity.value) for code in CODES.values()]
    assert len(re.findall("^### ", text, re.MULTILINE)) == len(CODES)


def test_every_finding_about_fencing_has_its_section_under_its_title_and_with_its_severity() -> None:
    text = (ROOT / "docs" / "fencing-check.md").read_text(encoding="utf-8")
    sections = re.findall(r"^### (HB-F\d{3}) (.+)\n\n\*(\w+)\.\* (.+)$", text, re.MULTILINE)
    told = [(code, title, severity.lower()) for code, title, severity, _ in sections]
    assert told == [(code.code, code.title, code.severity) for code in FENCE_CODES.values()]


def test_every_directive_has_a_row_that_says_what_the_code_says() -> None:
    """Rows of the tables: directive, form, default, ...; the default as the code has it."""
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in row.split(" | ")] for row in re.findall(r"^\| (`.*) \|$", text, re.MULTILINE)]
    told = {form.strip("`").split()[0]: (form.strip("`").replace("\\|", "|"), default) for form, default, *_ in rows}
    for name, directive in DIRECTIVES.items():
        form, default = told.pop(name, ("", ""))
        assert form == f"{name} {directive.form}", f"{name}: the page says {form!r}"
        assert default == directive.default.replace("|", "\\|"), f"{name}: the page says the default is {default!r}"
    assert told.keys() >= set(KNOWN_MEDIA)


def test_every_dependency_that_is_declared_is_explained() -> None:
    explained = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    for file in [ROOT / "core" / "pyproject.toml", *ROOT.glob("plugins_*/*/pyproject.toml")]:
        project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        extras = [name for names in project.get("optional-dependencies", {}).values() for name in names]
        for requirement in (*project["dependencies"], *extras):
            name = re.split(r"[^\w.-]", requirement)[0]
            assert name.startswith("heartbeat-") or f"| {name} |" in explained, f"{file.parent.name} needs {name}: why?"


def test_readme_opens_with_the_two_commands() -> None:
    first_block = re.search(r"```\w*\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert first_block
    assert [line.split("#")[0].strip() for line in first_block[1].splitlines()] == ["make demo", "make test"]
