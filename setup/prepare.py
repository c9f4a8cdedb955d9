"""Make this checkout ready for ``make demo`` or ``make test``: ``python3 -m setup.prepare demo|test``.

Three steps, each skipped when it is done: Debian's packages, uv in ``.uv/``, the locked environment in ``.venv/``.
Nothing outside the checkout is written but the caches of pip and uv (and Debian's packages, as root). A step counts
as done only when its mark is written, last of all, so a step that was interrupted is simply done again.

Only the standard library, and readable by any Python 3.7, which can then be told that it is too old.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator  # noqa: UP035 - an older Python must get as far as our message

from setup import debian
from setup.trouble import Trouble, explain

OLDEST_PYTHON = (3, 11)
MARK = ".setup-done"
"""Holds the digest of everything that the environment was made from."""
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


class Checkout:
    """One clone of the repository, and the interpreter its environment is made with."""

    def __init__(self, root: Path, python: str, purpose: str) -> None:
        self.root = root
        self.python = python
        self.purpose = purpose
        self.again = f"make {purpose}"

    @property
    def uv(self) -> Path:
        return self.root / ".uv" / "bin" / "uv"

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    def digest(self) -> str:
        """Return what the environment depends on: place, interpreter, lock file and every pyproject.toml."""
        made_from = hashlib.sha256(f"{self.root}\n{self.python}\n{sys.version}\n".encode())
        files = [self.root / "pyproject.toml", self.root / "uv.lock", self.root / "setup" / "uv-requirement.txt"]
        files += sorted(self.root.glob("core/pyproject.toml")) + sorted(self.root.glob("plugins_*/*/pyproject.toml"))
        for file in files:
            content = file.read_bytes()
            made_from.update(f"{file.relative_to(self.root)} {len(content)}\n".encode() + content)
        return made_from.hexdigest()

    def is_ready(self) -> bool:
        mark = self.root / MARK
        tools = (self.uv, self.venv / "bin" / "python", self.venv / "bin" / "hb")
        return mark.is_file() and all(map(os.path.exists, tools)) and mark.read_text().strip() == self.digest()

    def prepare(self) -> None:
        """Do what is not done yet. Raises Trouble."""
        self._debian_packages()
        if self.is_ready():
            return
        if not os.access(self.root, os.W_OK):
            owner_mend = f"make a clone of your own, then `{self.again}` there"
            raise Trouble(f"{self.root} cannot be set up", "you may not write in this checkout", owner_mend)
        with self._alone():
            if self.is_ready():
                return
            (self.root / MARK).unlink(missing_ok=True)
            self._install_uv()
            self._sync()
            (self.root / MARK).write_text(self.digest() + "\n")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold a lock on the setup folder itself: two makes at once wait for each other and leave no lock file."""
        folder = os.open(self.root / "setup", os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _debian_packages(self) -> None:
        known = debian.read_packages(self.root / "setup" / "debian-packages")
        wanted = [package for package in debian.missing(known, self.purpose) if self._still_needs(package)]
        if not wanted:
            return
        names = " ".join(package.name for package in wanted)
        printed = ""
        if debian.can_install():
            with _step(f"Debian packages: {names}"):
                _, printed = debian.install(wanted)
            wanted = [package for package in wanted if not package.is_there()]
        needed = [package for package in wanted if package.wanted_for == "setup" or self.purpose == "demo"]
        names = " ".join(package.name for package in wanted)
        if needed:
            if printed:
                raise explain(f"apt-get did not install {names}", printed, self.again)
            why = "; ".join(f"{package.probe.split(':')[-1]} ({package.why})" for package in needed)
            raise Trouble("parts are missing on this machine", why, f"as root: apt-get install {names}")
        if wanted:
            _say(f"some tests will be skipped until somebody does, as root: apt-get install {names}")

    def _still_needs(self, package: debian.Package) -> bool:
        """What brings uv is not asked for where uv already is."""
        return package.wanted_for != "setup" or not self.uv.exists()

    def _install_uv(self) -> None:
        """Put uv into ``.uv/``: a folder of ours, because Debian refuses a plain ``pip install``."""
        requirement = (self.root / "setup" / "uv-requirement.txt").read_text().strip()
        made_from = self.root / ".uv" / "made-from"
        if made_from.is_file() and made_from.read_text().strip() == requirement and self.uv.exists():
            return
        unfinished = self.root / ".uv.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        quiet = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-warn-script-location"]
        with _step(f"{requirement.replace('==', ' ')} into .uv/"):
            self._run(
                "uv could not be installed into .uv/",
                [self.python, "-m", "pip", "install", *quiet, "--target", str(unfinished), requirement],
                # A person's own pip settings that --target does not go together with.
                {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_ROOT_USER_ACTION": "ignore"},
            )
            (unfinished / "made-from").write_text(requirement + "\n")
            shutil.rmtree(self.root / ".uv", ignore_errors=True)
            unfinished.rename(self.root / ".uv")

    def _sync(self) -> None:
        """Make ``.venv/`` what uv.lock says, every distribution of the workspace editable."""
        if self.venv.exists() and not self._venv_is_ours():
            shutil.rmtree(self.venv)
        locked = ["--locked"] if os.environ.get("CI") else []
        with _step("Python packages of uv.lock into .venv/"):
            self._run(
                "the environment .venv/ could not be made",
                [str(self.uv), "sync", "--quiet", *locked, "--python", self.python],
                self._uv_settings(),
            )

    def _venv_is_ours(self) -> bool:
        """False for one that was interrupted while it was made, or that came along from another place."""
        python, activate = self.venv / "bin" / "python", self.venv / "bin" / "activate"
        made = python.exists() and (self.venv / "pyvenv.cfg").is_file() and activate.is_file()
        return made and str(self.venv) in activate.read_text()

    def _uv_settings(self) -> dict[str, str]:
        settings = {"UV_PYTHON_DOWNLOADS": "never", "UV_PYTHON_PREFERENCE": "only-system", "UV_NO_PROGRESS": "1"}
        settings["UV_PROJECT_ENVIRONMENT"] = str(self.venv)
        if SYSTEM_CERTIFICATES.exists() and "SSL_CERT_FILE" not in os.environ:
            settings["SSL_CERT_FILE"] = str(SYSTEM_CERTIFICATES)
        if "UV_CACHE_DIR" not in os.environ and not _has_a_place_for_caches():
            settings["UV_CACHE_DIR"] = str(self.root / ".uv" / "cache")
        return settings

    def _run(self, place: str, command: list[str], settings: dict[str, str]) -> None:
        env = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
        try:
            done = subprocess.run(
                command,
                cwd=self.root,
                env={**env, **settings},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
            )
        except OSError as error:
            raise Trouble(place, f"{command[0]}: {error.strerror}", f"`make clean`, then `{self.again}`") from None
        if done.returncode != 0:
            raise explain(place, done.stdout, self.again)


def _has_a_place_for_caches() -> bool:
    """False for a user without a home of its own (a service's user, a bare container)."""
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("HOME") or ""
    caches = Path(home) / ".cache"
    return bool(home) and os.access(caches if caches.exists() else home, os.W_OK)


def _say(text: str, end: str = "\n") -> None:
    sys.stderr.write(f"set-up: {text}{end}")
    sys.stderr.flush()


@contextmanager
def _step(title: str) -> Iterator[None]:
    """Show one step on one line: its title at once, how long it took when it is done."""
    _say(f"{title} ...", end="")
    begun = time.monotonic()
    result = "failed"
    try:
        yield
        result = f"{time.monotonic() - begun:.1f} s"
    finally:
        sys.stderr.write(f" {result}\n")


def main(words: list[str]) -> int:
    """Prepare for the purpose named; return 0, or 2 when set-up cannot be done."""
    purpose = words[0] if words else ""
    if purpose not in ("demo", "test"):
        _say("expected `demo` or `test`: python3 -m setup.prepare demo")
        return 2
    root = Path(__file__).resolve().parent.parent
    python = getattr(sys, "_base_executable", None) or sys.executable
    try:
        if sys.version_info < OLDEST_PYTHON:
            found = f"`python3` is {sys.executable}, Python {sys.version.split()[0]}"
            raise Trouble("Python is too old", found, "put a python3 of 3.11 or newer first on PATH (Debian 12 has it)")
        Checkout(root, python, purpose).prepare()
    except Trouble as trouble:
        sys.stderr.write("\n".join(trouble.lines()) + "\n")
        return 2
    except KeyboardInterrupt:
        _say(f"interrupted; nothing is half made: `make {purpose}` goes on where it stopped")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
