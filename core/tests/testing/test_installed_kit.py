"""The kit against what is installed, from any folder; and that each of our own plugins passes the public kit."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from heartbeat.pils.kinds import KINDS
from heartbeat.pils.registry import PluginRegistry

ROOT = Path(__file__).parents[3]
OURS = sorted(
    f"{it.kind}:{it.name}"
    for it in PluginRegistry().announced()
    if it.full_name.partition(":")[0].startswith("heartbeat-")
)


def kit(folder: Path, *names: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the installed part of the kit from a folder that has nothing to do with the sources."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "heartbeat.testing",
         *(word for name in names for word in ("--hb-plugin", name))],
        cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip


def test_every_plugin_of_ours_passes_what_needs_no_sources(tmp_path: Path) -> None:
    run = kit(tmp_path, *OURS)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("kind", [kind for kind in KINDS if any(name.startswith(f"{kind}:") for name in OURS)])
def test_each_kind_is_judged_by_more_than_its_declarations(tmp_path: Path, kind: str) -> None:
    name = next(name for name in OURS if name.startswith(f"{kind}:"))
    listed = kit(tmp_path, name)
    assert listed.returncode == 0, listed.stdout
    assert int(listed.stdout.rsplit(" passed", 1)[0].split()[-1]) >= 5


def test_a_name_that_nobody_announces_fails(tmp_path: Path) -> None:
    run = kit(tmp_path, "stonith:no-such-device")
    assert run.returncode == 1
    assert "no installed plugin is called stonith:no-such-device" in run.stdout


def test_each_plugin_of_ours_has_a_conformance_test_with_its_sources() -> None:
    """By the class that it names as ``plugin``; a name that is another word for a tested class needs no second test."""
    tested: set[str] = set()
    for path in [*ROOT.glob("plugins_*/*/tests/test_*.py"), *ROOT.glob("core/tests/**/test_*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
                tested |= {
                    it.value.id
                    for it in node.body
                    if isinstance(it, ast.Assign | ast.AnnAssign) and isinstance(it.value, ast.Name)
                    and "plugin" in {name.id for name in _targets(it) if isinstance(name, ast.Name)}
                }  # fmt: skip
    registry = PluginRegistry()
    classes = {name: registry.find(*name.split(":")).entry_point.attr for name in OURS}
    assert {name for name, cls in classes.items() if cls not in tested} == set()


def _targets(assignment: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return assignment.targets if isinstance(assignment, ast.Assign) else [assignment.target]


def test_a_vendors_kind_brings_its_own_conformance_class(tmp_path: Path) -> None:
    site = tmp_path / "site"
    meta = site / "acme_kind-1.0.dist-info"
    meta.mkdir(parents=True)
    (meta / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-kind\nVersion: 1.0\n")
    (meta / "entry_points.txt").write_text(
        "[heartbeat.kinds]\nsiren = acme_kind:KIND\n[heartbeat.conformance]\nsiren = acme_kind_kit:SirenConformance\n"
        "[heartbeat.siren]\nloud = acme_kind:Loud\n"
    )
    (site / "acme_kind.py").write_text(
        "from heartbeat.plugin import Kind, Plugin\n"
        "class Siren(Plugin):\n    def sound(self): ...\n"
        "class Loud(Siren):\n    'It is loud.'\n    api = 1\n    title = 'loud'\n    def sound(self): return 'mute'\n"
        "KIND = Kind('siren', 'heartbeat.siren', Siren, 'siren')\n"
    )
    (site / "acme_kind_kit.py").write_text(
        "from heartbeat.testing.contract import DeclarationConformance\n"
        "class SirenConformance(DeclarationConformance):\n"
        "    def test_it_can_be_heard(self):\n        assert self.plugin().sound() == 'loud'\n"
    )
    # Without bytecode: a file of the same size, changed within a second, would not count as changed.
    environment = {"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    run = kit(tmp_path, "siren:loud", env=environment)
    assert run.returncode == 1
    assert "test_it_can_be_heard" in run.stdout
    (site / "acme_kind.py").write_text((site / "acme_kind.py").read_text().replace("'mute'", "'loud'"))
    again = kit(tmp_path, "siren:loud", env=environment)
    assert again.returncode == 0, again.stdout
