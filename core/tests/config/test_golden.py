"""The corpus: three files in, everything that hb check says out.

Each folder of ``tests/golden/config`` is one case; its ``case.toml`` says what it shows and on what host, and ``@DIR@``
in a file stands for its folder. After a change that you understand, write the expected texts anew:
``HB_REGENERATE=1 pytest core/tests/config/test_golden.py``.
"""

import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from heartbeat.config.directives import DIRECTIVES, KNOWN_MEDIA
from heartbeat.config.facts import FileFacts, HostFacts
from heartbeat.config.finding import CODES
from heartbeat.config.load import load
from heartbeat.config.report import text_lines
from heartbeat.model.places import Places
from heartbeat.plugin import Registry

CORPUS = Path(__file__).resolve().parents[3] / "tests" / "golden" / "config"
CASES = sorted(path.parent for path in CORPUS.glob("*/case.toml"))
NOT_READ = ("case.toml", "expected.txt")
SECRET = re.compile(r"crrit|hush", re.IGNORECASE)
"""Letters that every secret of the corpus holds: the seed's key, and all others."""


def _facts(about: dict[str, Any], make_host: Callable[..., HostFacts]) -> HostFacts:
    def file(path: Path) -> FileFacts | None:
        if not path.exists():
            return None
        key = path.name.replace(".", "_")
        return FileFacts(
            int(about.get(f"{key}_mode", "0600" if path.name == "authkeys" else "0644"), 8),
            about.get(f"{key}_uid", 0),
        )

    asked: dict[str, Any] = {
        name: about[name] for name in ("hostname", "worst_stall_s", "udpport", "euid") if name in about
    }
    if "interfaces" in about:
        asked["interfaces"] = frozenset(about["interfaces"])
    return make_host(file=file, **asked)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_report_is_as_expected(
    case: Path, tmp_path: Path, make_registry: Callable[..., Registry], make_host: Callable[..., HostFacts]
) -> None:
    about = tomllib.loads((case / "case.toml").read_text(encoding="utf-8"))
    for file in case.iterdir():
        if file.name not in NOT_READ:
            (tmp_path / file.name).write_bytes(file.read_bytes().replace(b"@DIR@", bytes(tmp_path)))
    loaded = load(
        Places(config=tmp_path),
        make_registry(about.get("missing", ())),
        node=about.get("node"),
        facts=_facts(about, make_host),
        need_own_node=about.get("need_own_node", True),
    )
    text = "".join(line + "\n" for line in text_lines(loaded)).replace(str(tmp_path), "@DIR@")
    expected = case / "expected.txt"
    if os.environ.get("HB_REGENERATE"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8"), about["about"]


def test_there_are_enough_cases_and_each_says_what_it_shows() -> None:
    assert len(CASES) >= 80
    assert all(tomllib.loads((case / "case.toml").read_text(encoding="utf-8"))["about"] for case in CASES)


def test_every_code_is_provoked_by_some_case() -> None:
    told = set(re.findall(r"HB-C\d{3}", "".join((case / "expected.txt").read_text(encoding="utf-8") for case in CASES)))
    assert told == CODES.keys()


def test_every_directive_and_medium_of_heartbeat_3_stands_in_some_case() -> None:
    lines = [line for case in CASES if (case / "ha.cf").exists() for line in (case / "ha.cf").read_bytes().split(b"\n")]
    used = {line.split()[0].decode("latin-1") for line in lines if line.split()}
    assert not {*DIRECTIVES, *KNOWN_MEDIA} - used


def test_no_secret_of_any_case_is_told() -> None:
    holding = 0
    for case in CASES:
        files = [file for file in case.iterdir() if file.name not in NOT_READ]
        holding += any(SECRET.search(file.read_text(encoding="latin-1")) for file in files)
        assert not SECRET.search((case / "expected.txt").read_text(encoding="utf-8")), case.name
    assert holding > 50


def test_every_finding_of_every_case_says_what_to_do() -> None:
    for case in CASES:
        told = re.split(r"\n  (?=\S+: \w+ HB-C)", (case / "expected.txt").read_text(encoding="utf-8"))[1:]
        assert not [one for one in told if "\n    mend:     " not in one], case.name


def test_the_seed_is_understood_completely() -> None:
    text = (CORPUS / "seed" / "expected.txt").read_text(encoding="utf-8")
    assert "\nresult: 0 errors, 0 warnings, " in text
    assert "not found" not in text


def test_the_order_of_lines_does_not_matter() -> None:
    """Two files with the same lines, one of them upside down, say the same at other places."""
    there, back = (
        re.sub(r"ha\.cf:\d+", "ha.cf:N", (CORPUS / name / "expected.txt").read_text(encoding="utf-8"))
        for name in ("clean", "any-order")
    )
    assert there == back.replace("links: ucast/eth0, bcast/eth1", "links: bcast/eth1, ucast/eth0")
