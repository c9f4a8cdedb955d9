"""One operation by hand: the cluster's own path, with nobody's cluster around it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from heartbeat.executor.byhand import run_by_hand
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.wire.executor import Run

from core.tests.executor.conftest import Shelf

ROOT = Path(__file__).parents[3]

WaitUntil = Callable[[Callable[[], bool], str], None]


def by_hand(notes: Path, action: Action, script: str = "", deadline_s: float = 8.0, **params: str) -> Result:
    given = {"notes": str(notes), "script": script} | params
    return run_by_hand(Run(1, "ra", "actor", "web", given, action, deadline_s), Shelf())


def test_an_operation_is_carried_out_in_a_process_of_its_own(tmp_path: Path) -> None:
    assert by_hand(tmp_path / "notes", Action.STOP).outcome is Outcome.DONE
    what, _, pid = (tmp_path / "notes").read_text().split()
    assert what == "stop"
    assert int(pid) != os.getpid()


def test_what_it_printed_comes_back_bounded_and_without_secrets(tmp_path: Path) -> None:
    told = by_hand(tmp_path / "notes", Action.MONITOR, "monitor=print:it-is-hunter2", password="hunter2")
    assert told.output == "it-is-***\non stderr\n"
    flood = by_hand(tmp_path / "notes", Action.MONITOR, "monitor=flood")
    assert flood.output.endswith("the end\n")
    assert len(flood.output) < 20_000


def test_an_operation_that_hangs_is_ended_with_everything_it_started(tmp_path: Path, wait_until: WaitUntil) -> None:
    late = by_hand(tmp_path / "notes", Action.STOP, f"stop=hang-with-child:{tmp_path}/child", deadline_s=0.5)
    assert late.outcome is Outcome.UNKNOWN
    assert "no answer within 0.5 s" in late.detail
    child = int((tmp_path / "child").read_text())
    wait_until(lambda: not Path(f"/proc/{child}").exists(), "the grandchild is gone")


def test_work_that_follows_a_start_goes_on_without_us_and_its_executor_ends_with_it(
    tmp_path: Path, wait_until: WaitUntil
) -> None:
    notes = tmp_path / "notes"
    assert by_hand(notes, Action.START, "after=sleep:60").outcome is Outcome.DONE
    wait_until(lambda: "after" in notes.read_text(), "announcements begin")
    announcer = int(notes.read_text().split()[-1])
    executor = int(Path(f"/proc/{announcer}/stat").read_text().rpartition(")")[2].split()[1])
    assert Path(f"/proc/{executor}/comm").read_text() == "hb-by-hand\n"
    os.kill(announcer, signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{executor}").exists(), "the little executor has ended")


def test_ctrl_c_ends_the_operation_too(tmp_path: Path, wait_until: WaitUntil) -> None:
    notes = tmp_path / "notes"
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from pathlib import Path\n"
        "from heartbeat.model.operation import Action\n"
        "from core.tests.executor.test_byhand import by_hand\n"
        f"by_hand(Path({str(notes)!r}), Action.STOP, 'stop=sleep:60', 100.0)"
    )
    command = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL, start_new_session=True)
    wait_until(lambda: notes.exists() and "stop" in notes.read_text(), "it stops")
    operation = int(notes.read_text().split()[2])
    command.send_signal(signal.SIGINT)
    command.wait(timeout=10)
    wait_until(lambda: not Path(f"/proc/{operation}").exists(), "the operation has ended")
