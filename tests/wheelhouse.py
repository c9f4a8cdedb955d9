"""A folder of wheels from which a distribution installs without any index: ours built, the others' packed anew.

What others publish is taken from the environment in which the tests run, file by file as their RECORD lists them, so
that no test needs a network and no stranger's package of the same name can be picked up.
"""

import base64
import hashlib
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = shutil.which("uv", path=f"{ROOT / '.uv' / 'bin'}:{os.environ.get('PATH', '')}")


def run_uv(*words: str, **environment: str) -> str:
    """Run uv in the workspace and return what it printed; fails the test with its last words."""
    env = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    env.pop("VIRTUAL_ENV", None)
    if (ROOT / ".uv" / "cache").exists():
        env["UV_CACHE_DIR"] = str(ROOT / ".uv" / "cache")
    env.update(environment)
    done = subprocess.run([str(UV), *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def build_ours(folder: Path) -> list[Path]:
    """Build every distribution of the workspace."""
    run_uv("build", "--all-packages", "--wheel", "--quiet", "--out-dir", str(folder))
    return sorted(folder.glob("*.whl"))


def pack_theirs(folder: Path) -> list[Path]:
    """Pack what the workspace's distributions need of others, as the lock file has it."""
    whole = ("--all-packages", "--all-extras", "--no-default-groups", "--no-emit-workspace")
    exported = run_uv("export", "--frozen", *whole, "--no-hashes", "--quiet")
    names = [line.partition("==")[0] for line in exported.splitlines() if "==" in line and line[0] not in " #"]
    return [_packed(dist, folder) for name in names if (dist := _installed(name)) is not None]


def _installed(name: str) -> Distribution | None:
    """Return what is installed here; None for what is for other systems only."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _packed(dist: Distribution, folder: Path) -> Path:
    """Make one distribution's wheel (PEP 427)."""
    tags = [line.partition(": ")[2] for line in (dist.read_text("WHEEL") or "").splitlines() if line.startswith("Tag")]
    parts = [sorted({part for tag in tags for part in tag.split("-")[i].split(".")}) for i in range(3)]
    stem = f"{dist.name.replace('-', '_')}-{dist.version}"
    wheel = folder / f"{stem}-{'-'.join('.'.join(part) for part in parts)}.whl"
    record, listed = "", ""
    with zipfile.ZipFile(wheel, "w") as packed:
        for name, path in _files(dist):
            if name.endswith(".dist-info/RECORD"):
                record = name
                continue
            content = path.read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            packed.writestr(name, content)
            listed += f"{name},sha256={digest},{len(content)}\n"
        packed.writestr(record, f"{listed}{record},,\n")
    return wheel


def _files(dist: Distribution) -> Iterator[tuple[str, Path]]:
    """Yield the files below site-packages that came with the wheel: no programs, nothing that was compiled here."""
    made_here = ("/INSTALLER", "/REQUESTED", "/direct_url.json", ".pyc")
    for file in dist.files or ():
        if not str(file).startswith("..") and not str(file).endswith(made_here):
            yield str(file), Path(str(dist.locate_file(file)))
