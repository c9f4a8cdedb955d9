"""Commands for ``hb`` and lines for ``hb status`` from a plugin's package; only when ha.cf names it."""

import subprocess

import pytest
from heartbeat.model.status import ClusterStatus

from core.tests.hooks.house import House
from core.tests.plugin_site import HB

GIVES = '''
import sys, time
from heartbeat.plugin import Listener, Param

class Gives(Listener):
    """Has a command and a section."""

    api = 1
    title = "gives"
    params = (Param("word", default="hello", example="hello", help="What it says."),)

    def status_sections(self, status):
        word = self.settings.text("word")
        if word == "hang":
            time.sleep(1000)
        if word == "raise":
            raise RuntimeError("no section")
        if word == "exit":
            sys.exit(3)
        if word == "flood":
            return ["x" * 100] * 100_000
        return [f"{word} from {status['node']}"]

    def cli_commands(self):
        if self.settings.text("word") == "raise":
            raise RuntimeError("no commands")
        return {"greet": self.greet, "status": self.greet, "no good": self.greet}

    def greet(self, words):
        """Greet somebody."""
        if "raise" in words:
            raise RuntimeError("nobody there")
        print(self.settings.text("word"), *words)
        return 4 if "four" in words else 0
'''


@pytest.fixture(autouse=True)
def gives(home: House) -> None:
    home.site.add("vendor-gives", {"hooks:gives": "Gives"}, GIVES)


def hb(home: House, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*HB, *words], env=home.environment(), capture_output=True, text=True, timeout=60, check=False
    )


def test_a_command_of_a_plugin_gets_its_words_and_gives_the_exit_status(home: House) -> None:
    home.configure("gives word=good-day")
    done = hb(home, "greet", "-x", "--loud", "four")
    assert (done.returncode, done.stdout) == (4, "good-day -x --loud four\n")


def test_the_help_lists_it_and_a_name_of_ours_stays_ours(home: House) -> None:
    home.configure("gives")
    done = hb(home, "--help")
    assert "greet     Greet somebody." in done.stdout
    assert done.stdout.count("\n  status ") == 1
    assert "hook gives: the command status is there already" in done.stderr
    assert "'no good' is no command" in done.stderr


def test_a_hook_that_is_installed_and_not_named_adds_nothing(home: House) -> None:
    home.configure()
    done = hb(home, "greet")
    assert done.returncode == 2
    assert "No such command 'greet'" in done.stderr


def test_a_broken_one_is_a_line(home: House) -> None:
    home.configure("gives word=raise", "nowhere")
    done = hb(home, "greet")
    assert done.returncode == 2
    assert "hb: hook gives: RuntimeError: no commands" in done.stderr
    assert "hb: hook nowhere: no installed plugin is called hooks:nowhere" in done.stderr
    home.configure("gives")
    raised = hb(home, "greet", "raise")
    assert (raised.returncode, "hb greet: RuntimeError: nobody there" in raised.stderr) == (1, True)
    assert "Traceback" not in done.stderr + raised.stderr


def test_sections_stand_below_our_own_lines_each_under_its_name(home: House, good_status: ClusterStatus) -> None:
    home.daemon_runs(good_status)
    home.configure("gives", "gives word=hang", "gives word=raise", "gives word=exit", "gives word=flood")
    done = hb(home, "status")
    assert done.returncode == 0
    ours, _, theirs = done.stdout.partition("\ngives\n")
    assert "node1 is home" in ours
    assert theirs.startswith("  hello from node1\n")
    assert "gives #2\n  no answer within 2 s\n" in theirs
    assert "gives #3\n  RuntimeError: no section\n" in theirs
    assert "gives #4\n  it ended before it answered\n" in theirs
    assert "gives #5\n" in theirs
    assert len(theirs.splitlines()) < 80


def test_a_status_for_scripts_has_no_sections(home: House, good_status: ClusterStatus) -> None:
    home.daemon_runs(good_status)
    home.configure("gives")
    assert "hello" not in hb(home, "status", "--json").stdout


def test_without_hook_lines_nothing_is_imported_for_them(home: House, good_status: ClusterStatus) -> None:
    home.daemon_runs(good_status)
    home.configure()
    code = "import sys; from heartbeat.cli import hb; hb(['status'], standalone_mode=False);"
    code += "print([name for name in sys.modules if name.startswith(('heartbeat.config', 'heartbeat.pils', 'pluggy'))])"
    done = subprocess.run(
        [HB[0], "-c", code], env=home.environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
