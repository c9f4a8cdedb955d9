"""The units for systemd: they say what systemd understands, and start what `hb` has."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from heartbeat.cli import hb

ROOT = Path(__file__).resolve().parents[1]
UNITS = sorted(ROOT.glob("core/src/heartbeat/*/*.service"))
START = re.compile(r"^ExecStart=hb (.+)$", re.MULTILINE)
by_name = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)


@by_name
def test_what_it_starts_is_a_command(unit: Path) -> None:
    (words,) = START.findall(unit.read_text(encoding="utf-8"))
    name, *rest = shlex.split(words)
    command = hb.get_command(click.Context(hb), name)
    assert command is not None
    command.make_context(name, rest)


@by_name
def test_systemd_understands_every_line(unit: Path, tmp_path: Path) -> None:
    """With another program, for `hb` need not be installed here."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    copy = tmp_path / unit.name
    copy.write_text(START.sub("ExecStart=/bin/true", unit.read_text(encoding="utf-8")))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
