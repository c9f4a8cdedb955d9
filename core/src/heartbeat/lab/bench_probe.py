"""An independent witness of the machine's own stalls: sleeps STEP_S over and over, in real time, on one processor.

Whatever makes it wake late would have made any program late. Each time that is late by LATE_S or more is one line:
monotonic time at which it woke, and by how many seconds it was late.

    python -m heartbeat.lab.bench_probe FILE CPU
"""

import os
import sys
import time
from pathlib import Path

from heartbeat.lab.table import become_realtime

STEP_S = 0.002
LATE_S = 0.005
"""Below, a stall is nobody's news: every timing measured here is longer."""


def watch(path: Path) -> None:
    """Write down what is late, for ever; the first line says whether real time was permitted."""
    with path.open("w", buffering=1) as out:
        out.write(f"realtime {int(become_realtime())}\n")
        due_s = time.monotonic() + STEP_S
        while True:
            time.sleep(max(0.0, due_s - time.monotonic()))
            now_s = time.monotonic()
            if now_s - due_s >= LATE_S:
                out.write(f"{now_s:.6f} {now_s - due_s:.6f}\n")
            due_s = max(due_s + STEP_S, now_s)


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[2])})
    watch(Path(sys.argv[1]))
