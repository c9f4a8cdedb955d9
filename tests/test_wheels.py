"""Each distribution is whole by itself: its wheel installs with core and what it declares, and passes the public rules.

Without an index: from the wheels of a folder that is made anew for this run.
"""

import json
import subprocess
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from heartbeat.pils.kinds import SIMULATOR_GROUP
from heartbeat.pils.scaffold import MAIN, Scaffold

from tests.wheelhouse import ROOT, UV, build_ours, pack_theirs, run_uv

PROJECTS = sorted([ROOT / "core", *(path.parent for path in ROOT.glob("plugins_*/*/pyproject.toml"))])

LOAD_ALL = """
import importlib.metadata, sys
names = []
for point in importlib.metadata.distribution(sys.argv[1]).entry_points:
    if point.group.startswith("heartbeat.") and not point.extras:
        point.load()
        if point.group != "heartbeat.simulators":
            names.append(point.name)
import heartbeat.cli
print(*names)
"""

pytestmark = pytest.mark.skipif(UV is None, reason="uv is not here; `make test` brings it into .uv/")


@pytest.fixture(scope="session")
def ours(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return build_ours(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="session")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("theirs")
    pack_theirs(folder)
    return folder


def _project(folder: Path) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def _plugins(project: dict[str, Any]) -> list[str]:
    """Return ``kind:name`` of what needs no extra of its distribution."""
    groups: dict[str, dict[str, str]] = project.get("entry-points", {})
    return [
        f"{group.removeprefix('heartbeat.')}:{name}"
        for group, points in groups.items()
        if group.startswith("heartbeat.") and group != SIMULATOR_GROUP  # simulators are no plugins
        for name in points
        if not points[name].endswith("]")
    ]


def _run(*words: str | Path, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, cwd=cwd)


def test_every_wheel_carries_its_licence_its_readme_and_its_types(ours: list[Path]) -> None:
    assert len(ours) == len(PROJECTS)
    for wheel in ours:
        with zipfile.ZipFile(wheel) as packed:
            names = packed.namelist()
            (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
            assert any(name.endswith("licenses/LICENSE") for name in names), wheel.name
            assert any(name.endswith("/py.typed") for name in names), wheel.name
            assert "Description-Content-Type: text/markdown" in packed.read(metadata).decode()


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_a_wheel_installs_with_core_and_nothing_else_of_ours_and_its_plugins_load_and_validate(
    folder: Path, ours: list[Path], theirs: Path, tmp_path: Path
) -> None:
    project, alone = _project(folder), tmp_path / "env"
    run_uv("venv", "--quiet", str(alone))
    found = ["--no-index", "--find-links", str(ours[0].parent), "--find-links", str(theirs)]
    python, wanted = str(alone / "bin" / "python"), str(project["name"])
    # A cache for this run: uv keeps what it unpacked of a name and version, and ours change without either.
    run_uv("pip", "install", "--quiet", "--offline", "--python", python, *found, wanted, UV_CACHE_DIR=f"{theirs}.cache")
    loaded = _run(alone / "bin" / "python", "-I", "-W", "error", "-c", LOAD_ALL, wanted)
    assert loaded.returncode == 0, loaded.stderr
    plugins = _plugins(project)
    assert sorted(loaded.stdout.split()) == sorted(word.partition(":")[2] for word in plugins)
    for word in plugins:
        judged = _run(alone / "bin" / "hb", "plugin", "validate", word, "--json")
        assert judged.returncode == 0, judged.stdout + judged.stderr
        assert json.loads(judged.stdout)["tier"] == "listed"


@pytest.mark.parametrize("kind", MAIN)
def test_a_new_plugin_s_wheel_alone_with_core_keeps_the_rules_and_passes_the_kit(
    kind: str, ours: list[Path], theirs: Path, tmp_path: Path
) -> None:
    Scaffold(kind, "acme").write(tmp_path / "new", version("heartbeat-core"))
    run_uv("build", "--offline", "--wheel", "--quiet", "--out-dir", str(tmp_path), str(tmp_path / "new"))
    (wheel,), alone = tmp_path.glob("*.whl"), tmp_path / "env"
    run_uv("venv", "--quiet", str(alone))
    found = ["--no-index", "--find-links", str(ours[0].parent), "--find-links", str(theirs)]
    wanted = ["--python", str(alone / "bin" / "python"), str(wheel), "heartbeat-core[testing]"]
    run_uv("pip", "install", "--quiet", "--offline", *found, *wanted, UV_CACHE_DIR=f"{theirs}.cache")
    judged = _run(alone / "bin" / "hb", "plugin", "validate", f"{kind}:acme", "--json")
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert json.loads(judged.stdout)["tier"] == "listed"
    kit = (alone / "bin" / "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "heartbeat.testing")
    passed = _run(*kit, "--hb-plugin", f"{kind}:acme", cwd=tmp_path)
    assert (passed.returncode, " passed" in passed.stdout) == (0, True), passed.stdout


def test_all_distributions_carry_one_version() -> None:
    assert len({_project(folder)["version"] for folder in PROJECTS}) == 1
