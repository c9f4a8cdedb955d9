"""Set-up in a scratch checkout, with small programs in place of python3 and uv that leave what the real ones leave."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from setup.prepare import Checkout
from setup.trouble import Trouble

ROOT = Path(__file__).resolve().parents[2]

FAKE_PYTHON = """#!/bin/sh
# python3 -m pip install ... --target FOLDER REQUIREMENT
echo "pip" >> "{log}"
{pip}
while [ $# -gt 2 ]; do shift; done
mkdir -p "$1/bin" && cp "{uv}" "$1/bin/uv"
"""

FAKE_UV = """#!/bin/sh
echo "uv $*" >> "{log}"
{sync}
mkdir -p .venv/bin && touch .venv/bin/python .venv/bin/hb .venv/pyvenv.cfg
echo "VIRTUAL_ENV=$PWD/.venv" > .venv/bin/activate
"""


class Scratch:
    """A checkout of nothing but what set-up reads, in a folder with a blank in its name."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a check out"
        (self.root / "core").mkdir(parents=True)
        (self.root / "setup").mkdir()
        (self.root / "setup" / "debian-packages").write_text("# nothing\n")
        (self.root / "setup" / "uv-requirement.txt").write_text("uv==1.2.3\n")
        for name in ("pyproject.toml", "core/pyproject.toml", "uv.lock"):
            (self.root / name).write_text(f"# {name}\n")
        self.log = folder / "log"
        self.python = folder / "python3"
        self.uv = folder / "uv"
        self.programs()

    def programs(self, pip: str = "", sync: str = "") -> None:
        """Write the two programs; ``pip`` and ``sync`` are shell lines run before they leave anything."""
        self.python.write_text(FAKE_PYTHON.format(log=self.log, uv=self.uv, pip=pip))
        self.uv.write_text(FAKE_UV.format(log=self.log, sync=sync))
        self.python.chmod(0o755)
        self.uv.chmod(0o755)
        if (installed := self.root / ".uv" / "bin" / "uv").exists():
            installed.write_text(self.uv.read_text())

    def prepare(self, purpose: str = "demo") -> list[str]:
        """Set up, and return which programs were run for it."""
        self.log.write_text("")
        Checkout(self.root, str(self.python), purpose).prepare()
        return [line.split()[0] for line in self.log.read_text().splitlines()]


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    monkeypatch.delenv("CI", raising=False)
    return Scratch(tmp_path)


def test_a_fresh_clone_gets_uv_and_then_the_environment(scratch: Scratch) -> None:
    assert scratch.prepare() == ["pip", "uv"]


def test_a_second_time_runs_nothing_and_demo_and_test_share_it(scratch: Scratch) -> None:
    scratch.prepare("demo")
    assert scratch.prepare("test") == []


@pytest.mark.parametrize("changed", ["uv.lock", "core/pyproject.toml", "pyproject.toml"])
def test_a_changed_lock_or_project_syncs_again_and_leaves_uv_alone(scratch: Scratch, changed: str) -> None:
    scratch.prepare()
    (scratch.root / changed).write_text("# other\n")
    assert scratch.prepare() == ["uv"]


def test_a_new_plugin_folder_syncs_again(scratch: Scratch) -> None:
    scratch.prepare()
    (scratch.root / "plugins_ra" / "new").mkdir(parents=True)
    (scratch.root / "plugins_ra" / "new" / "pyproject.toml").write_text("")
    assert scratch.prepare() == ["uv"]


def test_another_uv_is_fetched_when_the_requirement_changes(scratch: Scratch) -> None:
    scratch.prepare()
    (scratch.root / "setup" / "uv-requirement.txt").write_text("uv==1.2.4\n")
    assert scratch.prepare() == ["pip", "uv"]


def test_a_failed_pip_leaves_no_uv_and_the_next_try_works(scratch: Scratch) -> None:
    scratch.programs(pip='mkdir -p "$PWD/.uv.unfinished/bin"; echo "ERROR: No matching distribution found"; exit 1')
    with pytest.raises(Trouble) as trouble:
        scratch.prepare()
    assert "package index could not be reached" in trouble.value.cause
    assert "make demo" in trouble.value.mend
    assert not (scratch.root / ".uv").exists()
    scratch.programs()
    assert scratch.prepare() == ["pip", "uv"]


def test_an_interrupted_sync_is_made_anew(scratch: Scratch) -> None:
    scratch.programs(sync="mkdir -p .venv/half; exit 1")
    with pytest.raises(Trouble):
        scratch.prepare()
    scratch.programs()
    assert scratch.prepare() == ["uv"]
    assert not (scratch.root / ".venv" / "half").exists()
    assert scratch.prepare() == []


def test_a_checkout_that_was_moved_gets_a_new_environment(scratch: Scratch) -> None:
    scratch.prepare()
    (scratch.root / ".venv" / "old").touch()
    scratch.root = scratch.root.rename(scratch.root.with_name("elsewhere"))
    assert scratch.prepare() == ["uv"]
    assert not (scratch.root / ".venv" / "old").exists()


def test_in_ci_a_stale_lock_is_refused_with_the_mend(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    refusal = 'case "$*" in *--locked*) echo "error: The lockfile at uv.lock needs to be updated"; exit 2;; esac'
    scratch.programs(sync=refusal)
    with pytest.raises(Trouble) as trouble:
        scratch.prepare()
    assert "uv lock" in trouble.value.mend


def test_a_user_without_a_home_keeps_the_caches_in_the_checkout(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "UV_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    scratch.programs(sync='echo "cache $UV_CACHE_DIR" >> "' + str(scratch.log) + '"')
    scratch.prepare()
    assert f"cache {scratch.root}/.uv/cache" in scratch.log.read_text()


def test_the_demo_does_not_start_without_its_parts_and_says_how_to_get_them(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (scratch.root / "setup" / "debian-packages").write_text("odd-tool no-such-command demo an example\n")
    with pytest.raises(Trouble) as trouble:
        scratch.prepare("demo")
    assert trouble.value.mend == "as root: apt-get install odd-tool"


def test_the_tests_run_without_what_only_some_of_them_need(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (scratch.root / "setup" / "debian-packages").write_text("odd-tool /no/such/file test an example\n")
    assert scratch.prepare("test") == ["pip", "uv"]
    assert "apt-get install odd-tool" in capsys.readouterr().err


def _real_set_up(checkout: Path, python: str) -> "subprocess.Popen[bytes]":
    """Start the real program on a scratch checkout that has the real setup folder's code."""
    code = "import sys; from setup.prepare import *; r, p = sys.argv[1:]; Checkout(Path(r), p, 'demo').prepare()"
    return subprocess.Popen([sys.executable, "-c", code, str(checkout), python], cwd=ROOT, start_new_session=True)


def test_two_at_once_do_the_work_once(scratch: Scratch) -> None:
    scratch.log.write_text("")
    both = [_real_set_up(scratch.root, str(scratch.python)) for _ in range(2)]
    assert [one.wait(20) for one in both] == [0, 0]
    assert [line.split()[0] for line in scratch.log.read_text().splitlines()] == ["pip", "uv"]


def test_control_c_leaves_nothing_half_made(scratch: Scratch, tmp_path: Path) -> None:
    waiting = tmp_path / "waiting"
    scratch.programs(pip=f'touch "{waiting}"; sleep 60')
    process = _real_set_up(scratch.root, str(scratch.python))
    _until(waiting.exists)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(20) != 0
    assert not (scratch.root / ".setup-done").exists()
    scratch.programs()
    assert scratch.prepare() == ["pip", "uv"]


def _until(claim: Callable[[], bool], within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.01)
