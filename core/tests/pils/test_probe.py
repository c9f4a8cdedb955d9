"""Importing in a throw-away child: whatever a plugin does there, every one gets its answer."""

import sys
import threading
import time
from pathlib import Path

import pytest
from heartbeat.pils.patience import TookTooLong, limited
from heartbeat.pils.probe import Probed, probe
from heartbeat.pils.registry import PluginRegistry
from heartbeat.pils.selection import Selection

from core.tests.plugin_site import BROKEN, PluginSite


@pytest.fixture(autouse=True)
def importable(plugin_site: PluginSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(plugin_site.folder))


def probed(site: PluginSite, *names: str, limit_s: float = 5.0) -> list[Probed]:
    return probe([("stonith", name) for name in names], PluginRegistry(site.points(), Selection()), limit_s)


def forever() -> None:
    while True:
        pass


def open_now() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def test_all_are_answered_in_the_order_of_asking(plugin_site: PluginSite) -> None:
    plugin_site.add_broken()
    plugin_site.add("acme", {"stonith:acme": "Good"})
    names = ["acme", *(f"bad-{way}" for way in BROKEN), "twin", "acme", "nobody"]
    found = probed(plugin_site, *names, limit_s=0.5)
    assert [it.name for it in found] == names
    reasons = ["", *(reason for _, reason in BROKEN.values()), "write vendor-one:twin", "", "no installed plugin"]
    for it, reason in zip(found, reasons, strict=True):
        assert reason in it.problem
        assert bool(it.problem) == bool(reason)
    assert (found[0].api, found[0].title) == (1, "a switch in a file")


def test_nothing_of_it_stays_in_this_process(plugin_site: PluginSite) -> None:
    plugin_site.add("acme", {"stonith:acme": "Good"})
    before = open_now()
    assert not probed(plugin_site, "acme")[0].problem
    assert "acme" not in sys.modules
    assert open_now() == before


def test_a_crash_names_its_signal_and_the_next_is_probed_all_the_same(plugin_site: PluginSite) -> None:
    plugin_site.add("crash", {"stonith:crash": "Good"}, "import os\nos.kill(os.getpid(), 11)\n")
    plugin_site.add("leaves", {"stonith:leaves": "Good"}, "import os\nos._exit(7)\n")
    plugin_site.add("acme", {"stonith:acme": "Good"})
    crash, leaves, acme = probed(plugin_site, "crash", "leaves", "acme")
    assert crash.problem == "its import ended the process (killed by SIGSEGV)"
    assert leaves.problem == "its import ended the process (exit status 7)"
    assert not acme.problem


def test_what_an_import_starts_is_ended_with_it(plugin_site: PluginSite, tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    source = f"""
import subprocess, time
child = subprocess.Popen(["sleep", "1000"])
open({str(pidfile)!r}, "w").write(str(child.pid))
time.sleep(1000)
"""
    plugin_site.add("spawns", {"stonith:spawns": "Good"}, source)
    (spawns,) = probed(plugin_site, "spawns", limit_s=1.0)
    assert "did not end within 1 s" in spawns.problem
    deadline_s = time.monotonic() + 10
    while is_alive(int(pidfile.read_text())):  # a killed process dies when it is scheduled next
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_what_an_import_prints_and_reads_is_nobodys_business(
    plugin_site: PluginSite, capfd: pytest.CaptureFixture[str]
) -> None:
    plugin_site.add("noisy", {"stonith:noisy": "Good"}, "print('hello')\nimport sys\nsys.exit(sys.stdin.read() or 4)\n")
    assert "sys.exit(4)" in probed(plugin_site, "noisy")[0].problem
    assert capfd.readouterr() == ("", "")


def test_a_plugin_for_now_only_comes_with_a_notice() -> None:
    """The registry's text; test_adapter.py has a plugin that earns it."""
    from heartbeat.pils.contract import api_notice

    assert api_notice(1, current=1) == ""
    assert "the next one will refuse it" in api_notice(1, current=2)


def test_a_block_in_time_is_left_alone_and_one_too_long_interrupted() -> None:
    with limited(5.0):
        pass
    with pytest.raises(TookTooLong, match=r"0\.05 s"), limited(0.05):
        forever()


def test_a_bare_except_in_a_loop_is_interrupted_too() -> None:
    def swallows() -> None:
        caught = 0
        while True:
            try:
                while True:
                    pass
            except:  # noqa: E722 - what such a plugin would write
                caught += 1
                if caught > 1:
                    raise

    with pytest.raises(TookTooLong), limited(0.05):
        swallows()


def test_outside_the_main_thread_there_is_no_limit_and_no_harm() -> None:
    reached = []

    def work() -> None:
        with limited(0.01):
            reached.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(5)
    assert reached == [True]
