"""A SCSI target that is real: that of the kernel (LIO), in a User-Mode Linux guest, by the real sg_persist.

Debian: apt-get install user-mode-linux sg3-utils. The guest is an ordinary process that sees this machine's files and
changes none of them; it lives some seconds. Preempt and abort is not asked of it: through its loopback adapter that
command hung in the kernel 6.1 that was tried.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

UML = shutil.which("linux.uml")
HERE = Path(__file__).parent
LIMIT_S = 60


@pytest.mark.skipif(UML is None, reason="user-mode-linux is not here: no kernel with a SCSI target can be had")
@pytest.mark.skipif(shutil.which("sg_persist") is None, reason="sg3-utils is not here")
def test_a_real_target_understands_us_and_refuses_who_has_no_key(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "modules").symlink_to(Path(str(UML)).parents[1] / "lib" / "uml" / "modules")
    words = [
        str(UML), "mem=256M", "rootfstype=hostfs", "rootflags=/", "root=/dev/root", "ro", "quiet", "con=null",
        "con0=null,fd:1", f"init={HERE}/guest_target.sh", f"HB_MODULES={tmp_path}", f"HB_PYTHON={sys.executable}",
        f"HB_SCRIPT={HERE}/guest_cut.py",
    ]  # fmt: skip
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        cwd=tmp_path, start_new_session=True, env={**os.environ, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
    ) as guest:  # fmt: skip
        try:
            said = guest.communicate(timeout=LIMIT_S)[0]
        finally:
            if guest.poll() is None:
                os.killpg(guest.pid, signal.SIGKILL)  # its helpers, too: they are of its group
    assert [line.partition("hb: ")[2] for line in said.splitlines() if line.startswith("hb: ")] == [
        "joined [True, True]",
        "type {'Write Exclusive, registrants only'}",
        "before [True, True, True, True]",
        "without a key [False, False, True, True]",
        "holder [True, True]",
        "cut by one without a key ResetFailed",
        "again [True, True, True, True]",
        "rejoin in one boot ResetFailed",
    ], said
