"""``hb check`` as an administrator meets it: real plugins, real files, exit status, and `hb run` saying the same."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from heartbeat.cli import hb

from core.tests.plugin_site import PluginSite

HA_CF = """node node1 node2
bcast eth1
ucast eth0 192.0.2.2
keepalive 200ms
deadtime 1s
initdead 30
auto_failback off
"""
PAGE = Path(__file__).resolve().parents[3] / "docs" / "configuration.md"

Check = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a good configuration."""
    (tmp_path / "ha.cf").write_text(HA_CF)
    (tmp_path / "haresources").write_text("node1 192.0.2.10\n")
    (tmp_path / "authkeys").write_text("auth 1\n1 sha256 ZqhushqZ\n")
    (tmp_path / "authkeys").chmod(0o600)
    return tmp_path


@pytest.fixture
def check(folder: Path) -> Check:
    def run(*words: str, env: dict[str, str] | None = None) -> Result:
        return CliRunner().invoke(hb, ["check", *(words or [str(folder)])], env=env)

    return run


def test_a_good_folder_is_good(check: Check) -> None:
    answer = check()
    assert answer.exit_code == 0, answer.output
    assert "result: 0 errors, 0 warnings, 0 advice, 1 note" in answer.output
    assert "192.0.2.10: entry point IPaddr; shares no data (the agent)" in answer.output


def test_errors_exit_1_and_warnings_do_not(check: Check, folder: Path) -> None:
    (folder / "ha.cf").write_text(HA_CF.replace("ucast", "#ucast"))
    answer = check()
    assert (answer.exit_code, "warning HB-C054" in answer.output) == (0, True)
    (folder / "ha.cf").write_text(HA_CF + "dedtime 1s\n")
    answer = check()
    assert answer.exit_code == 1
    assert (
        "  ha.cf:8:1: error HB-C010: 'dedtime' is no directive\n"
        "      dedtime 1s\n"
        "      ^\n"
        "    expected: a directive of ha.cf, or the name of an installed medium\n"
        "    nearest:  deadtime\n"
        "    mend:     write deadtime\n"
    ) in answer.output


@pytest.mark.parametrize("words", [["/no/such/folder"], ["--stall", "soon"], ["--wings"], ["a", "b"]])
def test_wrong_use_exits_2(check: Check, words: list[str]) -> None:
    answer = check(*words)
    assert answer.exit_code == 2
    assert "Traceback" not in answer.output


def test_a_file_in_place_of_the_folder_is_wrong_use(check: Check, folder: Path) -> None:
    assert check(str(folder / "ha.cf")).exit_code == 2


def test_json_says_the_same_for_scripts(check: Check, folder: Path) -> None:
    (folder / "ha.cf").write_text(HA_CF + "dedtime 1s\n")
    answer = check(str(folder), "--json")
    assert answer.exit_code == 1
    report = json.loads(answer.output)
    assert (report["ok"], report["counts"]["error"], report["directory"]) == (False, 1, str(folder))
    (error,) = [one for one in report["findings"] if one["severity"] == "error"]
    assert (error["file"], error["line"], error["column"], error["nearest"]) == ("ha.cf", 8, 1, "deadtime")


@pytest.mark.parametrize("words", [["--config", "DIR"], []])
def test_the_folder_is_argument_option_or_environment(check: Check, folder: Path, words: list[str]) -> None:
    given = [word.replace("DIR", str(folder)) for word in words] or ["--node", "node2"]
    answer = check(*given, env=None if words else {"HB_CONFIG": str(folder)})
    assert answer.exit_code == 0, answer.output
    assert ("node2 (this one)" in answer.output) is not bool(words)


def test_what_is_installed_nowhere_is_told_with_its_package(plugin_site: PluginSite, folder: Path) -> None:
    plugin_site.add_known("vendor-far", "comm:laser", "stonith:far")
    (folder / "ha.cf").write_text(HA_CF + "laser /dev/laser0\nstonith_host * far 10.0.0.1 node2 0\n")
    answer = plugin_site.hb("check", str(folder))
    assert answer.returncode == 1
    assert answer.stdout.count("pip install vendor-far") == 2


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622])
def test_the_mode_of_authkeys_is_judged(check: Check, folder: Path, mode: int) -> None:
    (folder / "authkeys").chmod(mode)
    answer = check()
    assert answer.exit_code == 1
    assert f"mend:     chmod 600 {folder}/authkeys" in answer.output


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_owner_of_authkeys_is_judged(check: Check, folder: Path) -> None:
    os.chown(folder / "authkeys", 12345, -1)
    answer = check()
    assert answer.exit_code == 1
    assert "HB-C101" in answer.output


def test_a_key_is_printed_nowhere(check: Check, folder: Path) -> None:
    for text in ("1 sha256 ZqhushqZ\n", "auth 1\n1 ZqhushqZ\n", "auth 1\n1 sha999 ZqhushqZ\n", "ZqhushqZ\n"):
        (folder / "authkeys").write_text(text)
        assert "hush" not in check().output
        assert "hush" not in check(str(folder), "--json").output


def test_a_stall_of_your_own_machines_is_judged(check: Check, folder: Path) -> None:
    assert "HB-C045" not in check(str(folder), "--stall", "400ms").output
    assert "HB-C045" in check(str(folder), "--stall", "500 ms").output


def test_the_example_of_the_page_has_no_error(check: Check, folder: Path) -> None:
    blocks = re.findall(r"^```ha\.cf\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        (folder / "ha.cf").write_text(block)
        answer = check()
        assert answer.exit_code == 0, answer.output


def _hb(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from heartbeat.cli import main; main()", *words]
    return subprocess.run(program, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **env})


def test_a_terminal_without_the_files_letters_still_gets_the_report(folder: Path) -> None:
    (folder / "ha.cf").write_text(HA_CF + "d\u540ddtime 1s\n")
    answer = _hb("check", str(folder), PYTHONIOENCODING="iso-8859-15")
    assert answer.returncode == 1
    assert "d\\u540ddtime" in answer.stdout
    assert "Traceback" not in answer.stderr


def test_hb_run_refuses_errors_with_the_findings_of_hb_check(check: Check, folder: Path) -> None:
    (folder / "ha.cf").write_text(HA_CF + "dedtime 1s\nudpport x\n")
    (folder / "authkeys").chmod(0o644)
    places = ["--config", str(folder), "--state", str(folder / "state"), "--run-dir", str(folder / "run")]
    refused = _hb("run", *places, "--node", "node1")
    assert refused.returncode == 1
    assert "not started: the configuration has errors" in refused.stderr
    assert "Traceback" not in refused.stderr
    told = re.findall(r"^  (\S+: error HB-C.*)$", check(str(folder), "--node", "node1").output, re.MULTILINE)
    assert len(told) == 3, refused.stderr
    for line in told:
        assert line in refused.stderr
    assert not (folder / "state").exists()
