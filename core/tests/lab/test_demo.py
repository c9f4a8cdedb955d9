"""hb demo for real: daemons in namespaces, a pulled plug, and nothing left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.lab.control import LabError
from heartbeat.lab.lab import homes, user_namespace

pytestmark = pytest.mark.system


@pytest.fixture
def name() -> Iterator[str]:
    try:
        user_namespace()
    except LabError as impossible:
        pytest.skip(str(impossible))
    yield f"demo-{os.getpid()}"
    assert not (homes() / f"demo-{os.getpid()}").exists(), "the lab was left behind"


def hb(*words: str) -> list[str]:
    return [str(Path(sys.executable).with_name("hb")), *words]


def test_the_service_moves_and_the_phases_add_up(name: str) -> None:
    done = subprocess.run(hb("demo", "--json", "--lab", name), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert set(said) == {"outage_ms", "switchover_outage_ms", "phases", "lost_requests"}
    assert list(said["phases"]) == ["silent", "view", "fenced", "started", "answered"]
    assert sum(said["phases"].values()) == pytest.approx(said["outage_ms"], abs=0.5)
    assert said["lost_requests"] > 0
    assert said["switchover_outage_ms"] > 0
    assert "node1's plug is pulled" in done.stderr


def test_ctrl_c_takes_the_cluster_down(name: str) -> None:
    demo = subprocess.Popen(hb("demo", "--lab", name), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert demo.stdout is not None
    with demo.stdout:
        assert any("stands by" in line for line in demo.stdout)
        demo.send_signal(signal.SIGINT)
        rest = demo.stdout.read()
    assert demo.wait(30) == 130
    assert "Traceback" not in rest


def test_where_no_namespaces_are_allowed_one_line_says_so(tmp_path: Path) -> None:
    (tmp_path / "unshare").write_text("#!/bin/sh\necho not permitted >&2\nexit 1\n")
    (tmp_path / "unshare").chmod(0o755)
    began_s = time.monotonic()
    done = subprocess.run(
        hb("demo", "--json", "--lab", "impossible"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "no lab can run here" in done.stderr.splitlines()[-1]
    assert time.monotonic() - began_s < 30
