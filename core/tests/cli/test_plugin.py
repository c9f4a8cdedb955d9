"""``hb plugin list`` and ``show``: what is installed, from metadata; what it is, from its class; and nothing breaks."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from core.tests.plugin_site import BROKEN, HB, PluginSite


def test_the_list_shows_kind_name_distribution_and_version_without_importing_anything(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"}, "raise AssertionError('imported')", version="2.5")
    listed = plugin_site.hb("plugin", "list", "stonith")
    assert listed.returncode == 0, listed.stderr
    assert ["stonith", "acme", "acme-power", "2.5", "installed"] in [
        line.split() for line in listed.stdout.splitlines()
    ]


def test_the_list_as_json_has_stable_keys(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good", "comm:acmebus": "Bus"})
    lines = json.loads(plugin_site.hb("plugin", "list", "--json").stdout)
    wanted = {"kind", "name", "distribution", "version", "state", "problem", "place", "found_at", "api", "title"}
    assert all(line.keys() == wanted for line in lines)
    ours = [(line["kind"], line["name"]) for line in lines if line["distribution"] == "acme-power"]
    assert ours == [("comm", "acmebus"), ("stonith", "acme")]


def test_one_kind_is_listed_by_argument_or_option(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good", "comm:acmebus": "Bus"})
    for words in (["comm"], ["--kind", "comm"]):
        kinds = {line["kind"] for line in json.loads(plugin_site.hb("plugin", "list", *words, "--json").stdout)}
        assert kinds == {"comm"}


def test_a_kind_that_does_not_exist_is_wrong_use_and_the_nearest_is_told(plugin_site: PluginSite) -> None:
    listed = plugin_site.hb("plugin", "list", "stonit")
    assert listed.returncode == 2
    assert "Did you mean stonith?" in listed.stderr


def test_a_vendors_own_kind_is_listed_like_ours(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-kinds", {"kinds:detector": "KIND", "detector:radar": "Radar"}, "raise AssertionError")
    lines = json.loads(plugin_site.hb("plugin", "list", "detector", "--json").stdout)
    assert [line["name"] for line in lines] == ["radar"]


def test_two_distributions_with_one_name_are_shown_both_and_how_to_choose(plugin_site: PluginSite) -> None:
    for vendor in ("one", "other"):
        plugin_site.add(f"vendor-{vendor}", {"stonith:twin": "Good"})
    lines = json.loads(plugin_site.hb("plugin", "list", "stonith", "--json").stdout)
    twins = {line["distribution"]: line for line in lines if line["name"] == "twin"}
    assert {line["state"] for line in twins.values()} == {"shadowed"}
    assert "vendor-other 1.0 announces the name too: write vendor-one:twin" in twins["vendor-one"]["problem"]


def test_what_hb_plugins_leaves_out_is_shown_and_not_imported(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"}, "while True: pass")
    checked = plugin_site.hb("plugin", "list", "stonith", "--check", "--json", HB_PLUGINS="null")
    states = {line["name"]: line["state"] for line in json.loads(checked.stdout)}
    assert states["acme"] == "left out"
    assert states["null"] == "ok"
    assert checked.returncode == 0


def test_every_broken_plugin_is_listed_and_checking_gives_the_reason_of_each(plugin_site: PluginSite) -> None:
    plugin_site.add_broken()
    before = {it["name"]: it for it in json.loads(plugin_site.hb("plugin", "list", "stonith", "--json").stdout)}
    assert {before[f"bad-{way}"]["state"] for way in BROKEN} == {"installed"}
    checked = plugin_site.hb("plugin", "list", "stonith", "--check", "--timeout", "1s", "--json")
    assert checked.returncode == 1
    found = {line["name"]: line for line in json.loads(checked.stdout)}
    for way, (_, reason) in BROKEN.items():
        line = found[f"bad-{way}"]
        assert (line["state"], line["distribution"], line["version"]) == ("broken", f"vendor-{way}", "1.0")
        assert reason in line["problem"]
    assert found["twin"]["state"] == "shadowed"
    assert found["null"]["state"] == "ok"


def test_later_lists_remember_what_was_found_until_it_is_mended_or_replaced(plugin_site: PluginSite) -> None:
    module = plugin_site.add("vendor-import", {"stonith:bad": "Good"}, "import no_such_library_anywhere\n")
    plugin_site.hb("plugin", "list", "stonith", "--check")
    later = plugin_site.hb("plugin", "list", "stonith").stdout
    assert "broken" in later
    assert "No module named 'no_such_library_anywhere'" in later
    (plugin_site.folder / f"{module}.py").write_text("raise SystemExit\n")
    info = plugin_site.folder / f"{module}-1.0.dist-info"
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vendor-import\nVersion: 2.0\n")
    assert "broken" not in plugin_site.hb("plugin", "list", "stonith").stdout, "another version is not judged"


def test_who_may_not_keep_the_findings_is_told_and_sees_them_all_the_same(plugin_site: PluginSite) -> None:
    checked = plugin_site.hb("plugin", "list", "stonith", "--check", HB_STATE="/proc/nowhere")
    assert checked.returncode == 0
    assert "not kept in /proc/nowhere/plugins.json" in checked.stderr
    assert " ok " in checked.stdout


def test_show_tells_everything_that_the_class_declares(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"})
    shown = plugin_site.hb("plugin", "show", "acme")
    assert shown.returncode == 0, shown.stderr
    for text in (
        "stonith:acme  a switch in a file",
        "acme-power 1.0, contract version 1",
        "A switch in a file: it holds the hosts that are off.",
        "hostlist: list of hosts; required; for example node1 node2",
        "wait: duration in s; 0.5 to 60; default 1.0; for example 1",
        "mood: good | bad; default good",
        "stonith_host * acme node1,node2",
        "acme hostlist file password",
        "the power is read back from the device",
        "documentation  https://acme.example/docs",
    ):
        assert text in shown.stdout


def test_show_as_json_has_stable_keys(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"})
    facts = json.loads(plugin_site.hb("plugin", "show", "stonith:acme", "--json").stdout)
    assert facts.keys() == {
        "kind", "name", "distribution", "version", "title", "description", "api", "core_api", "notice", "test_only",
        "docs_url", "params", "extra_params", "positional", "capabilities", "refines", "example", "tier", "proofs",
    }  # fmt: skip
    password = next(param for param in facts["params"] if param["name"] == "password")
    assert password["secret"] is True
    assert facts["example"] == {"file": "ha.cf", "line": "stonith_host * acme node1,node2"}
    assert facts["capabilities"]["can_read_power"] is True


def test_show_tells_the_tier_as_far_as_an_installation_can_and_the_runs_on_real_devices(
    plugin_site: PluginSite,
) -> None:
    assert "tier listed; what it does is judged with its sources" in plugin_site.hb("plugin", "show", "null").stdout
    package = plugin_site.folder / "acme_power"
    plugin_site.add("acme-power", {"stonith:acme": "Good"})
    package.mkdir()
    (plugin_site.folder / "acme_power.py").rename(package / "__init__.py")
    (package / "log").write_text("what the run printed\n")
    (package / "conformance.toml").write_text(
        '[[proven]]\nplugin = "stonith:acme"\ndevice = "Acme"\nfirmware = "2"\ndate = 2026-03-02\nlog = "log"\n'
    )
    shown = plugin_site.hb("plugin", "show", "acme").stdout
    assert "proved on Acme, firmware 2, 2026-03-02" in shown
    assert "it is not even listed; why: hb plugin validate acme" in shown


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("stonith:far", "`pip install vendor-far` brings it"),
        ("laser", "`pip install vendor-far` brings it"),
        ("acne", "Did you mean acme?"),
    ],
)
def test_what_is_not_installed_is_told_with_the_mend(plugin_site: PluginSite, word: str, says: str) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"})
    plugin_site.add_known("vendor-far", "stonith:far", "comm:laser")
    shown = plugin_site.hb("plugin", "show", word)
    assert shown.returncode == 1
    assert says in shown.stderr
    assert not shown.stdout


def test_a_name_of_two_kinds_must_be_said_with_its_kind(plugin_site: PluginSite) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good", "comm:acme": "Bus"})
    shown = plugin_site.hb("plugin", "show", "acme")
    assert shown.returncode == 2
    assert "comm:acme or stonith:acme" in shown.stderr


def test_a_twin_is_chosen_by_its_distribution(plugin_site: PluginSite) -> None:
    for vendor in ("one", "other"):
        plugin_site.add(f"vendor-{vendor}", {"stonith:twin": "Good"})
    assert plugin_site.hb("plugin", "show", "twin").returncode == 1
    shown = plugin_site.hb("plugin", "show", "stonith:vendor-other:twin")
    assert "vendor-other 1.0" in shown.stdout


@pytest.mark.parametrize("way", ["import", "syntax", "assert", "exit", "class"])
def test_showing_a_broken_plugin_tells_why_and_is_no_traceback(plugin_site: PluginSite, way: str) -> None:
    source, reason = BROKEN[way]
    plugin_site.add(f"vendor-{way}", {"stonith:bad": "Thing"}, source)
    shown = plugin_site.hb("plugin", "show", "bad")
    assert shown.returncode == 1
    assert reason in shown.stderr
    assert "Traceback" not in shown.stderr


def test_debug_shows_the_traceback_of_a_plugin_that_cannot_be_imported(plugin_site: PluginSite) -> None:
    plugin_site.add("vendor-assert", {"stonith:bad": "Thing"}, BROKEN["assert"][0])
    shown = plugin_site.hb("--debug", "plugin", "show", "bad")
    assert shown.returncode == 1
    assert "Traceback (most recent call last):" in shown.stderr
    assert 'vendor_assert.py", line 1' in shown.stderr


def test_a_plugin_that_ends_its_process_cannot_take_hb_along(plugin_site: PluginSite) -> None:
    plugin_site.add("vendor-crash", {"stonith:bad": "Thing"}, "import os\nos.kill(os.getpid(), 11)\n")
    shown = plugin_site.hb("plugin", "show", "bad")
    assert shown.returncode == 1
    assert "killed by SIGSEGV" in shown.stderr


@pytest.mark.parametrize(
    "words",
    [["--help"], ["plugin", "list"], ["plugin", "show", "null"], ["plugin", "lock"], ["plugin", "validate", "null"],
     ["stonith", "list"], ["stonith", "info", "null"], ["stonith", "hosts", "--type", "null", "hostlist=a"],
     ["ra", "info", "IPaddr2"], ["export", "fence-agent", "stonith:null"], ["sim", "--seeds", "1"]],
    ids=" ".join,
)  # fmt: skip
def test_every_command_works_with_all_broken_plugins_installed(plugin_site: PluginSite, words: list[str]) -> None:
    plugin_site.add_broken()
    done = plugin_site.hb(*words)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_a_word_that_nothing_knows_is_told_with_the_catalogue_that_could_not_be_asked(
    plugin_site: PluginSite, tmp_path: Path
) -> None:
    plugin_site.add("vendor-import", {"catalogue:acme": "Thing"}, BROKEN["import"][0])
    files = cluster(tmp_path / "ha.d", "null")
    (files / "haresources").write_text("node1 acme-thing\n")
    checked = plugin_site.hb("check", str(files))
    assert checked.returncode == 1
    assert (
        "is named 'acme-thing', and a catalogue could not be asked: catalogue:acme of vendor-import" in checked.stdout
    )
    assert "mend or remove that catalogue" in checked.stdout


HA_CF = """\
node node1 node2
bcast lo
keepalive 200ms
deadtime 2
auto_failback on
stonith_host * {type} node1,node2 /run/off
"""


def cluster(folder: Path, type_: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "ha.cf").write_text(HA_CF.format(type=type_))
    (folder / "haresources").write_text("node1 IPaddr2::10.0.0.1/24/lo\n")
    keys = folder / "authkeys"
    keys.write_text("auth 1\n1 crc\n")
    keys.chmod(0o600)
    return folder


@pytest.mark.parametrize("way", [*BROKEN, "twin"])
def test_a_configured_broken_plugin_stops_check_and_start_with_its_line(
    plugin_site: PluginSite, tmp_path: Path, way: str
) -> None:
    plugin_site.add_broken()
    files = cluster(tmp_path / "ha.d", "twin" if way == "twin" else f"bad-{way}")
    reason = BROKEN[way][1] if way in BROKEN else "write vendor-one:twin to choose one"
    places = ["--run-dir", str(tmp_path / "run"), "--state", str(tmp_path / "state")]
    start = ["run", "--config", str(files), "--node", "node1", *places]
    for words in (start,) if way == "loop" else (["check", str(files)], start):  # one limit of five seconds will do
        stopped = plugin_site.hb(*words)
        said = stopped.stdout + stopped.stderr
        assert stopped.returncode == 1
        assert "ha.cf:6:16: error HB-C020" in said
        assert reason in said
        assert "mend:" in said
        assert "Traceback" not in said


def test_unconfigured_broken_plugins_do_not_matter_and_a_chosen_twin_serves(
    plugin_site: PluginSite, tmp_path: Path
) -> None:
    plugin_site.add_broken()
    checked = plugin_site.hb("check", str(cluster(tmp_path / "ha.d", "vendor-other:twin")))
    assert checked.returncode == 0, checked.stdout
    assert "vendor-other:twin #1: every node can switch node1, node2" in checked.stdout


def test_colours_are_for_terminals_only(plugin_site: PluginSite) -> None:
    plugin_site.add("vendor-import", {"stonith:bad": "Good"}, "import no_such_library_anywhere\n")
    assert "\x1b[" not in plugin_site.hb("plugin", "list", "stonith", "--check").stdout
    theirs, ours = pty.openpty()
    with os.fdopen(theirs, "rb", buffering=0) as terminal:
        subprocess.run([*HB, "plugin", "list", "stonith"], env=plugin_site.environment(), stdout=ours, check=True)
        os.close(ours)
        assert b"\x1b[31mbroken" in terminal.read(65536)
