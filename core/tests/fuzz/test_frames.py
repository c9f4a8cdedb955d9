"""Fuzzing by coverage, as long as HB_FUZZ_SECONDS says; and that the target would notice what it looks for."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

atheris = pytest.importorskip("atheris", reason="atheris has no wheel for this Python or processor")

from heartbeat.kernel.bounds import Bounds  # noqa: E402
from heartbeat.wire.messages import FenceMe, Packet, encode_packet  # noqa: E402

from core.tests.fuzz.frames import Cluster  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]
SECONDS = int(os.environ.get("HB_FUZZ_SECONDS", "60"))
AUTHENTIC, AT_ONCE = b"\x01", b"\x00"
BEYOND = encode_packet(Packet(FenceMe(99, "it cannot stop")))
"""About a group that is not there."""


@pytest.mark.timeout(SECONDS + 120)
def test_no_bytes_on_the_wire_make_a_node_stumble(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "core.tests.fuzz.frames", str(SECONDS), str(tmp_path)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS + 100, check=False)
    inputs = tmp_path / "inputs.hex"
    assert done.returncode == 0, f"{done.stderr[-3000:]}\n{inputs.read_text()[-2000:] if inputs.exists() else ''}"


@pytest.mark.parametrize("frame", [b"", b"hb", bytes(60), b"hb\x01\x01" + bytes(80)])
def test_what_cannot_be_read_is_counted(frame: bytes) -> None:
    cluster = Cluster()
    for how in (b"\x00", AUTHENTIC):
        cluster.take(how + AT_ONCE + frame)
    assert cluster.gate.refused.total() == 2


def test_a_word_about_a_group_that_is_not_there_changes_nothing() -> None:
    cluster = Cluster()
    cluster.take(AUTHENTIC + AT_ONCE + BEYOND)
    assert cluster.kernel._channel.counters.unsound == 1


def test_a_kernel_that_takes_it_all_the_same_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    allow: Callable[[Bounds, Packet], bool] = lambda _, packet: True  # noqa: E731
    monkeypatch.setattr(Bounds, "allow", allow)
    cluster = Cluster()
    with pytest.raises((IndexError, AssertionError)):
        cluster.take(AUTHENTIC + AT_ONCE + BEYOND)
