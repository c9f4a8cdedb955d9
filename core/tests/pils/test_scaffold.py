"""`hb plugin new`: a folder of each kind that builds, installs, loads and passes its own tests as it comes."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from heartbeat.pils.contract import broken_rules
from heartbeat.pils.kinds import KINDS
from heartbeat.pils.scaffold import MAIN, CannotScaffold, Scaffold

from core.tests.plugin_site import PluginSite

ROOT = Path(__file__).resolve().parents[3]
UV = shutil.which("uv", path=f"{ROOT / '.uv' / 'bin'}:{os.environ.get('PATH', '')}")


def run(*words: str, cwd: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HB_", "PYTEST_"))}
    return subprocess.run(
        words, cwd=cwd, env={**kept, **environment}, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.mark.parametrize("kind", MAIN)
def test_a_new_distribution_passes_its_own_tests_as_it_comes(tmp_path: Path, kind: str) -> None:
    Scaffold(kind, "acme-pdu8").write(tmp_path / "new", "4.0.0")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    tested = run(*command, cwd=tmp_path / "new", PYTHONPATH=str(tmp_path / "new" / "src"))
    assert tested.returncode == 0, tested.stdout
    assert " passed" in tested.stdout


@pytest.mark.skipif(UV is None, reason="uv is not here; `make test` brings it into .uv/")
@pytest.mark.parametrize("kind", MAIN)
def test_its_wheel_is_built_and_installed_and_hb_shows_the_plugin(
    plugin_site: PluginSite, tmp_path: Path, kind: str
) -> None:
    made = Scaffold(kind, "acme_pdu8")
    made.write(tmp_path / "new", "4.0.0")
    assert UV is not None
    built = run(UV, "build", "--offline", "--wheel", "--quiet", "--out-dir", str(tmp_path), cwd=tmp_path / "new")
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    offline = ["--quiet", "--offline", "--no-index", "--no-deps", "--python", sys.executable]
    installed = run(UV, "pip", "install", *offline, "--target", str(plugin_site.folder), str(wheel), cwd=tmp_path)
    assert installed.returncode == 0, installed.stderr
    facts = json.loads(plugin_site.hb("plugin", "show", f"{kind}:acme_pdu8", "--json").stdout)
    assert (facts["distribution"], facts["version"]) == (f"heartbeat-{kind}-acme-pdu8", "0.1.0")
    checked = json.loads(plugin_site.hb("plugin", "list", kind, "--check", "--json").stdout)
    assert {line["state"] for line in checked if line["name"] == "acme_pdu8"} == {"ok"}


@pytest.mark.parametrize("kind", MAIN)
def test_what_is_written_names_the_kind_the_name_and_the_core_that_it_was_made_for(tmp_path: Path, kind: str) -> None:
    files = Scaffold(kind, "acme").write(tmp_path, "4.2.1")
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text())["project"]
    assert project["name"] == f"heartbeat-{kind}-acme"
    assert project["dependencies"] == ["heartbeat-core>=4.2,<5"]
    assert project["entry-points"] == {f"heartbeat.{kind}": {"acme": f"heartbeat_{kind}_acme:Acme"}}
    assert "@" not in "".join(file.read_text() for file in files if file.suffix != ".sh").replace(
        "@classmethod", ""
    ).replace("@property", "").replace("@pytest.", ""), "a word was left to be filled in"
    assert os.access(tmp_path / "ci.sh", os.X_OK)


@pytest.mark.parametrize(
    ("name", "class_name", "module"),
    [
        ("acme", "Acme", "heartbeat_stonith_acme"),
        ("acme-pdu8", "AcmePdu8", "heartbeat_stonith_acme_pdu8"),
        ("IPaddr3", "IPaddr3", "heartbeat_stonith_ipaddr3"),
        ("none", "NonePlugin", "heartbeat_stonith_none"),
    ],
)
def test_names_follow_from_the_word_that_an_administrator_writes(name: str, class_name: str, module: str) -> None:
    made = Scaffold("stonith", name)
    assert (made.class_name, made.module) == (class_name, module)


@pytest.mark.parametrize("name", ["", "acme pdu", "8port", "acme:pdu", "../acme", "acme-", "acme#1", "äcme"])
def test_what_cannot_be_a_name_is_refused(name: str) -> None:
    with pytest.raises(CannotScaffold, match="cannot be a plugin's name"):
        Scaffold("stonith", name)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("work")
    with pytest.raises(CannotScaffold, match="not empty"):
        Scaffold("stonith", "acme").write(tmp_path, "4.0.0")
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_the_command_says_what_comes_next_and_whose_name_it_is(plugin_site: PluginSite, tmp_path: Path) -> None:
    plugin_site.add("acme-power", {"stonith:acme": "Good"})
    plugin_site.add_known("vendor-far", "stonith:far")
    home = str(tmp_path / "new")
    made = plugin_site.hb("plugin", "new", "stonith", "acme", "--dir", home)
    assert made.returncode == 0, made.stderr
    assert f"cd {home} && pip install -e '.[test]' && pytest && hb plugin validate ." in made.stdout
    assert "acme-power 1.0 has the name stonith:acme too" in made.stderr
    assert (
        "vendor-far has the name"
        in plugin_site.hb("plugin", "new", "stonith", "far", "--dir", str(tmp_path / "far")).stderr
    )
    again = plugin_site.hb("plugin", "new", "stonith", "acme", "--dir", home)
    assert (again.returncode, "not empty" in again.stderr) == (2, True)


@pytest.mark.parametrize("kind", ["kinds", "stonit"])
def test_a_kind_without_a_template_is_wrong_use_that_names_the_others(plugin_site: PluginSite, kind: str) -> None:
    made = plugin_site.hb("plugin", "new", kind, "acme")
    assert made.returncode == 2
    assert "there is one for stonith, ra, comm, auth, hooks" in made.stderr


def test_every_kind_with_a_template_is_a_kind() -> None:
    assert MAIN.keys() <= KINDS.keys()
    assert broken_rules(KINDS["stonith"], Scaffold)
