"""The outermost edge of every command: exit statuses that scripts rely on."""

import os
import signal
import subprocess
import sys

import pytest

HB = (sys.executable, "-c", "from heartbeat.cli import main; main()")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--help"], 0),
        (["--version"], 0),
        ([], 2),
        (["nonsense"], 2),
        (["status", "--nonsense"], 2),
        (["check", "/x"], 2),
    ],
)
def test_exit_status_0_is_good_and_2_is_wrong_use(words: list[str], status: int) -> None:
    ended = subprocess.run([*HB, *words], capture_output=True, text=True, check=False)
    assert ended.returncode == status, ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_pipe_that_is_closed_early_ends_a_command_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run([*HB, "plugin", "list"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (1, "")


def test_ctrl_c_is_130_not_no() -> None:
    waits = "import time, click; from heartbeat import cli\n"
    waits += "@click.command()\ndef wait(): print('waits', flush=True); time.sleep(60)\n"
    waits += "cli.hb.add_command(wait); cli.LazyGroup.get_command = lambda self, ctx, name: wait; cli.main()"
    command = subprocess.Popen(
        [sys.executable, "-c", waits, "wait"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert command.stdout is not None
    assert command.stdout.readline() == "waits\n"
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=30)
    assert command.returncode == 130
    assert "Traceback" not in said


def test_a_fault_of_hb_is_one_line_with_its_place_and_its_traceback_for_who_asks() -> None:
    fails = "import click; from heartbeat import cli\n"
    fails += "@click.command()\ndef fail(): raise TypeError('nobody\\nthought of it')\n"
    fails += "cli.LazyGroup.get_command = lambda self, ctx, name: fail; cli.main()"
    kept = {name: value for name, value in os.environ.items() if name != "HB_DEBUG"}
    for words, env in ((["fail"], kept), (["--debug", "fail"], kept), (["fail"], {**kept, "HB_DEBUG": "1"})):
        ended = subprocess.run(
            [sys.executable, "-c", fails, *words], capture_output=True, text=True, check=False, env=env
        )
        assert ended.returncode == 70
        *before, last = ended.stderr.splitlines()
        assert last.startswith("hb: TypeError: nobody thought of it (<string>:3); this is a fault of hb")
        assert before[:1] == ([] if (words, env) == (["fail"], kept) else ["Traceback (most recent call last):"])
