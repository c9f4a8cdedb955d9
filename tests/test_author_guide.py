"""docs/write-a-plugin.md keeps its word: every command of the page, in its order, in an environment of its own.

Without a network: ``pip`` is uv's, which installs from a folder of wheels, and ``ssh`` runs on this machine what it is
told to run on the other.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.wheelhouse import ROOT, UV, build_ours, pack_theirs, run_uv

PAGE = ROOT / "docs" / "write-a-plugin.md"
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
HA_CF = re.compile(r"^```ha\.cf\n(.*?)^```", re.MULTILINE | re.DOTALL)

PIP = """#!/bin/sh -eu
verb=$1; shift
exec "{uv}" pip "$verb" --quiet --offline --no-index --find-links "{wheels}" --python "{env}/bin/python" "$@"
"""
PYTHON_M_PIP = """#!/bin/sh -eu
if [ "$1" = -m ] && [ "$2" = pip ]; then shift 2; exec pip "$@"; fi
exec "{env}/bin/python" "$@"
"""
SSH = '#!/bin/sh -eu\nshift\nexec "$@"\n'

pytestmark = pytest.mark.skipif(UV is None, reason="uv is not here; `make test` brings it into .uv/")


def _desk(folder: Path) -> dict[str, str]:
    """Make an environment with a medium and a method, and the wheels beside it; return what to run commands with."""
    env, wheels, programs, config = (folder / name for name in ("env", "wheels", "programs", "ha.d"))
    for made in (wheels, programs, config):
        made.mkdir()
    run_uv("venv", "--quiet", str(env))
    build_ours(wheels)
    pack_theirs(wheels)
    offline = (
        "--quiet",
        "--offline",
        "--no-index",
        "--find-links",
        str(wheels),
        "--python",
        str(env / "bin" / "python"),
    )
    installed = ("heartbeat-comm-udp", "heartbeat-auth-hmac")
    run_uv("pip", "install", *offline, *installed, UV_CACHE_DIR=str(folder / "cache"))
    for name, text in {"pip": PIP, "python": PYTHON_M_PIP, "ssh": SSH}.items():
        (programs / name).write_text(text.format(uv=UV, wheels=wheels, env=env) if name != "ssh" else text)
        (programs / name).chmod(0o755)
    lines = "".join(HA_CF.findall(PAGE.read_text(encoding="utf-8")))
    files = {"ha.cf": f"node node1 node2\nbcast lo\n{lines}", "nodeinfo": "node1\n"}
    files |= {"haresources": "", "authkeys": "auth 1\n1 sha256 0123456789abcdef0123456789abcdef\n"}
    for name, text in files.items():
        (config / name).write_text(text)
        (config / name).chmod(0o600)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HB_", "PYTEST_", "PYTHON", "VIRTUAL_ENV"))}
    return {
        **kept,
        "PATH": f"{programs}:{env / 'bin'}:{os.environ['PATH']}",
        "HB_CONFIG": str(config),
        "HB_STATE": str(folder),
        "UV_CACHE_DIR": str(folder / "cache"),
        "UV_PYTHON_DOWNLOADS": "never",
    }


def test_every_command_of_the_page_works_in_its_order(tmp_path: Path) -> None:
    commands = [line for block in SHELL.findall(PAGE.read_text(encoding="utf-8")) for line in block.splitlines()]
    assert len(commands) > 12
    environment = _desk(tmp_path)
    script = "\n".join(f"echo '>>' {_quoted(line)}\n{line}" for line in commands)
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert [line[3:] for line in done.stdout.splitlines() if line.startswith(">> ")] == commands
    assert "tier conforming" in told
    assert "every plugin loads" in told or "acme is well" in told
    assert "the same " in told


def _quoted(line: str) -> str:
    return "'" + line.replace("'", "'\\''") + "'"
