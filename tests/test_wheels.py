"""Each distribution is whole by itself: its wheel installs with core and what it declares, and its plugins load."""

import os
import shutil
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECTS = sorted([ROOT / "core", *(path.parent for path in ROOT.glob("plugins_*/*/pyproject.toml"))])
UV = shutil.which("uv", path=f"{ROOT / '.uv' / 'bin'}:{os.environ.get('PATH', '')}")

LOAD_ALL = """
import importlib.metadata, sys
names = []
for point in importlib.metadata.distribution(sys.argv[1]).entry_points:
    if point.group.startswith("heartbeat."):
        point.load()
        names.append(point.name)
import heartbeat.cli
print(*names)
"""

pytestmark = pytest.mark.skipif(UV is None, reason="uv is not here; `make test` brings it into .uv/")


def _uv(*words: str, environment: Path) -> None:
    env = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(environment), "UV_PYTHON_DOWNLOADS": "never"}
    env.pop("VIRTUAL_ENV", None)
    if (ROOT / ".uv" / "cache").exists():
        env["UV_CACHE_DIR"] = str(ROOT / ".uv" / "cache")
    done = subprocess.run([str(UV), *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _project(folder: Path) -> dict[str, object]:
    project: dict[str, object] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def test_every_wheel_carries_its_licence_its_readme_and_its_types(tmp_path: Path) -> None:
    _uv("build", "--all-packages", "--wheel", "--quiet", "--out-dir", str(tmp_path), environment=tmp_path / "none")
    wheels = sorted(tmp_path.glob("*.whl"))
    assert len(wheels) == len(PROJECTS)
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as packed:
            names = packed.namelist()
            (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
            assert any(name.endswith("licenses/LICENSE") for name in names), wheel.name
            assert any(name.endswith("/py.typed") for name in names), wheel.name
            assert "Description-Content-Type: text/markdown" in packed.read(metadata).decode()


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_a_distribution_installs_and_loads_with_core_and_nothing_else_of_ours(folder: Path, tmp_path: Path) -> None:
    project = _project(folder)
    alone = ["--package", str(project["name"]), "--no-default-groups", "--no-editable", "--frozen"]
    # uv keeps what it once built of a folder until its pyproject.toml changes; ours changes without that.
    anew = [word for name in ("heartbeat-core", str(project["name"])) for word in ("--reinstall-package", name)]
    _uv("sync", "--quiet", *alone, *anew, environment=tmp_path / "env")
    done = subprocess.run(
        [tmp_path / "env" / "bin" / "python", "-I", "-W", "error", "-c", LOAD_ALL, str(project["name"])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    announced = project.get("entry-points", {})
    assert isinstance(announced, dict)
    wanted = {name for group, points in announced.items() if group.startswith("heartbeat.") for name in points}
    assert set(done.stdout.split()) == wanted


def test_all_distributions_carry_one_version() -> None:
    assert len({_project(folder)["version"] for folder in PROJECTS}) == 1
