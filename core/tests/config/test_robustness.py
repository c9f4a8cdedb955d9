"""Whatever stands in the three files, reading them ends, and ends with findings instead of an exception."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from heartbeat.config.directives import DIRECTIVES, KNOWN_MEDIA
from heartbeat.config.facts import HostFacts
from heartbeat.config.load import Loaded, load
from heartbeat.config.report import as_json, text_lines
from heartbeat.model.places import Places
from heartbeat.plugin import Registry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FILES = ("ha.cf", "haresources", "authkeys")

ODD = r"""# \ :: :::: [ ] [fd00::1]/64 fd00::1 IPaddr2::fd00::1 = a=b =b a= * / /dev/ttyS0 0 -1 1e9 ² 999999999999 é 名
    ~ node1 NODE2 node3 no_de 10.0.0.1 10.0.0.1/24/eth0:0/10.0.0.255 10.0.0.300 eth0 eth9 200ms 1s 0s yes no on off
    legacy reset uid=root,² gid= ipfail /usr/lib/heartbeat/ipfail root hacluster /bin/true %s ${x} ../.. auth crc sha1
    sha256 chacha20 rot null lab meatware rps10 baytech deaf mute faulty apache billing IPaddr Filesystem odd
    Filesystem::/dev/sdb1::/srv::ext4 ocf:heartbeat:mysql ocf:heartbeat:mysql::x ocf::: password=x start stop"""
WORDS = st.one_of(
    st.sampled_from([*DIRECTIVES, *KNOWN_MEDIA, *ODD.split()]),
    st.sampled_from(ODD.split()),
    st.text(min_size=1, max_size=8),
)
BLANK = st.sampled_from([" ", "\t", "  ", " \\\n", "\u00a0", "\x0b", "\x00"])


@st.composite
def _line(draw: st.DrawFn) -> str:
    words = draw(st.lists(WORDS, max_size=8))
    return "".join(word + (" " if draw(st.integers(0, 9)) else draw(BLANK)) for word in words)


GRAMMAR = st.lists(_line(), max_size=20).map(lambda lines: "\n".join(lines).encode("utf-8", "replace"))
CONTENTS = st.one_of(st.binary(max_size=200), GRAMMAR)

no_fixture_per_example = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def _read(folder: Path, contents: tuple[bytes, bytes, bytes], registry: Registry, facts: HostFacts) -> Loaded:
    for name, content in zip(FILES, contents, strict=True):
        (folder / name).write_bytes(content)
    return load(Places(config=folder), registry, facts=facts)


@no_fixture_per_example
@given(contents=st.tuples(CONTENTS, CONTENTS, CONTENTS))
def test_any_three_byte_strings_end_in_findings(
    tmp_path: Path,
    make_registry: Callable[..., Registry],
    make_host: Callable[..., HostFacts],
    contents: tuple[bytes, bytes, bytes],
) -> None:
    loaded = _read(tmp_path, contents, make_registry(), make_host())
    report = json.dumps(as_json(loaded, "DIR"))
    text = "\n".join(text_lines(loaded))
    assert not any(ord(letter) < 32 and letter != "\n" for letter in text), "moves the terminal"
    assert json.loads(report)["ok"] == (loaded.config is not None and loaded.keys is not None)
    for finding in loaded.findings:
        assert finding.mend, finding
        source = loaded.sources.get(finding.file)
        lines = len(source.lines) if source else 0
        assert 0 <= finding.line <= max(lines, 0), finding
        assert finding.column <= (len(source.lines[finding.line - 1]) + 1 if source and finding.line else 0), finding


@no_fixture_per_example
@given(contents=st.tuples(GRAMMAR, GRAMMAR, GRAMMAR))
def test_reading_twice_says_the_same(
    tmp_path: Path,
    make_registry: Callable[..., Registry],
    make_host: Callable[..., HostFacts],
    contents: tuple[bytes, bytes, bytes],
) -> None:
    first, again = (_read(tmp_path, contents, make_registry(), make_host()) for _ in range(2))
    assert list(text_lines(first)) == list(text_lines(again))


NODES = "node node1 node2\n"
HUGE = 250 * 1024
"""Bytes, just below what is read of a file."""


def _filled(line: str) -> str:
    """Return a file full of lines, each with another number."""
    lines, size, number = [], 0, 0
    while size < HUGE:
        lines.append(line.replace("%", str(number)))
        size += len(lines[-1]) + 1
        number += 1
    return "\n".join(lines)[:HUGE]


HA_CF_BOMBS = {
    "unknown directives": _filled("dead%time 1s"),
    "one line of interfaces": NODES + "bcast " + _filled("a%").replace("\n", " "),
    "nodes": "node " + _filled("n%").replace("\n", " "),
    "devices": NODES + _filled("stonith_host * meatware node1 node%"),
    "device words": NODES + "stonith lab " + _filled("a%=b").replace("\n", " "),
    "secret device words": NODES + "stonith baytech " + _filled("a%=b").replace("\n", " "),
    "hosts of one device": NODES + "stonith meatware " + _filled("h%").replace("\n", " "),
    "strangers that share data": NODES + _filled("shares_data a% no"),
    "one word": "x" * HUGE,
    "blanks": " " * HUGE,
    "hashes": _filled("logfile /a#%"),
}
HARESOURCES_BOMBS = {
    "groups": _filled("node1 apache::%"),
    "strange homes": _filled("n% apache"),
    "unknown resources": "node1 " + _filled("apach% \\"),
    "one long line": "node1 " + _filled("apach%").replace("\n", " "),
    "one word": "node1 " + "x" * HUGE,
    "one argument": "node1 apache::" + "pass" * (HUGE // 4),
    "equals": "node1 apache::" + "=pass" * (HUGE // 5),
    "colons": "node1 " + ":" * HUGE,
    "brackets": "node1 IPaddr2::" + "[" * HUGE,
    "secrets": "node1 apache" + _filled("::password=%").replace("\n", ""),
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", HA_CF_BOMBS)
def test_a_wrong_file_in_place_of_ha_cf_ends_soon(
    name: str, tmp_path: Path, make_registry: Callable[..., Registry], make_host: Callable[..., HostFacts]
) -> None:
    contents = (HA_CF_BOMBS[name].encode(), b"node1 apache\n", b"auth 1\n1 sha256 k\n")
    loaded = _read(tmp_path, contents, make_registry(), make_host())
    assert loaded.findings
    assert sum(len(line) for line in text_lines(loaded)) < 1_000_000 + HUGE * 2


@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", HARESOURCES_BOMBS)
def test_a_wrong_file_in_place_of_haresources_ends_soon(
    name: str, tmp_path: Path, make_registry: Callable[..., Registry], make_host: Callable[..., HostFacts]
) -> None:
    contents = (NODES.encode(), HARESOURCES_BOMBS[name].encode(), b"auth 1\n1 sha256 k\n")
    loaded = _read(tmp_path, contents, make_registry(), make_host())
    assert loaded.findings


def test_a_wrong_file_in_place_of_authkeys_ends_soon_and_shows_nothing(
    tmp_path: Path, make_registry: Callable[..., Registry], make_host: Callable[..., HostFacts]
) -> None:
    contents = (NODES.encode(), b"node1 apache\n", _filled("% hush%").encode())
    loaded = _read(tmp_path, contents, make_registry(), make_host())
    assert loaded.keys is None
    assert "hush" not in "\n".join(text_lines(loaded))


def test_a_file_above_the_limit_is_refused_unread(
    tmp_path: Path, make_registry: Callable[..., Registry], make_host: Callable[..., HostFacts]
) -> None:
    loaded = _read(tmp_path, (b"#" * 300_000, b"node1 apache\n", b"auth 1\n1 sha256 k\n"), make_registry(), make_host())
    assert [finding.code for finding in loaded.findings if finding.file == "ha.cf"] == ["HB-C001"]


@pytest.mark.parametrize("name", ["x" * 300, "a-file/below", "loop/below", "nul\0"])
def test_a_folder_that_cannot_be_searched_is_three_unreadable_files(
    name: str, tmp_path: Path, make_registry: Callable[..., Registry]
) -> None:
    (tmp_path / "a-file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    loaded = load(Places(config=tmp_path / name), make_registry(), facts=HostFacts(hostname="node1"))
    assert [(finding.code, finding.file) for finding in loaded.errors] == [("HB-C001", file) for file in FILES]
    assert loaded.config is None
    assert loaded.keys is None


def test_folders_in_place_of_files_are_unreadable(tmp_path: Path, make_registry: Callable[..., Registry]) -> None:
    for file in (*FILES, "nodeinfo"):
        (tmp_path / file).mkdir()
    loaded = load(Places(config=tmp_path), make_registry(), facts=HostFacts(hostname="node1"))
    assert {(finding.code, finding.file) for finding in loaded.errors} >= {("HB-C001", file) for file in FILES}


def test_the_facts_of_a_host_answer_any_name() -> None:
    facts = HostFacts()
    for name in ("", "\0", "²", "x" * 5000, "\ud800", "/" * 5000, "../" * 3000):
        assert facts.uid(name) is None
        assert facts.gid(name) is None
        assert not facts.executable(name)
        assert facts.file(Path(name)) is None or name in ("", "/" * 5000)
