"""The corpus: three files in, everything that hb check says out.

Each folder of ``tests/golden/config`` is one case; its ``case.toml`` says what it shows and on what host. After a
change that you understand, write the expected texts anew: ``HB_REGENERATE=1 pytest core/tests/config/test_golden.py``.
"""

import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from heartbeat.config.facts import FileFacts, HostFacts
from heartbeat.config.finding import CODES
from heartbeat.config.load import load
from heartbeat.config.report import text_lines
from heartbeat.model.places import Places
from heartbeat.plugin import Registry

CORPUS = Path(__file__).resolve().parents[3] / "tests" / "golden" / "config"
CASES = sorted(path.parent for path in CORPUS.glob("*/case.toml"))
UNREACHED = {"HB-C037"}
"""Codes that would need a file too long to read; unit tests reach them."""


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
    case: Path, make_registry: Callable[..., Registry], make_host: Callable[..., HostFacts]
) -> None:
    about = tomllib.loads((case / "case.toml").read_text(encoding="utf-8"))
    loaded = load(
        Places(config=case),
        make_registry(about.get("missing", ())),
        node=about.get("node"),
        facts=_facts(about, make_host),
        need_own_node=about.get("need_own_node", True),
    )
    text = "".join(line + "\n" for line in text_lines(loaded)).replace(str(case), "DIR")
    expected = case / "expected.txt"
    if os.environ.get("HB_REGENERATE"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8"), about["about"]


def test_there_are_enough_cases_and_each_says_what_it_shows() -> None:
    assert len(CASES) >= 25
    assert all(tomllib.loads((case / "case.toml").read_text(encoding="utf-8"))["about"] for case in CASES)


def test_every_code_stands_in_some_case() -> None:
    told = set(re.findall(r"HB-C\d{3}", "".join((case / "expected.txt").read_text(encoding="utf-8") for case in CASES)))
    assert told == CODES.keys() - UNREACHED


def test_no_secret_of_any_case_is_told() -> None:
    """Every secret in the corpus holds the letters of the seed's key, or ``hush``."""
    for case in CASES:
        text = (case / "expected.txt").read_text(encoding="utf-8")
        assert not re.search(r"crrit|hush", text, re.IGNORECASE), case.name
