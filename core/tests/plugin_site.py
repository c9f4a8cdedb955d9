"""A folder of distributions that announce plugins, good ones and broken ones, as pip would have installed them.

``python -m core.tests.plugin_site 100`` (from the root of the repository) measures `hb plugin list` with so many more
distributions installed.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

HB = (sys.executable, "-c", "from heartbeat.cli import main; main()")

GOOD = '''
from heartbeat.plugin import Param, ParamKind, Power, StonithDevice

class Good(StonithDevice):
    """A switch in a file: it holds the hosts that are off."""

    api = 1
    title = "a switch in a file"
    params = (
        Param("hostlist", ParamKind.HOSTS, required=True, example="node1 node2", help="What it switches."),
        Param("file", ParamKind.PATH, example="/run/off", help="Where it keeps what is off."),
        Param("password", ParamKind.SECRET, example="secret", help="Nobody asks for it."),
        Param("wait", ParamKind.SECONDS, default=1.0, minimum=0.5, maximum=60, example="1", help="Does not."),
        Param("mood", ParamKind.CHOICE, choices=("good", "bad"), default="good", example="good", help="How it feels."),
    )
    positional = ("hostlist", "file", "password")

    def hosts(self):
        print("asked with", self.settings.secret("password").reveal() if "password" in self.settings else "nothing")
        return list(self.settings.hosts("hostlist"))

    def power(self, host):
        return Power.OFF if host in open(self.settings.text("file")).read().split() else Power.ON

    def switch(self, host, power):
        if self.settings.text("mood") == "good":
            open(self.settings.text("file"), "w").write(host if power is Power.OFF else "")
'''

BROKEN = {
    "import": ("import no_such_library_anywhere\n", "No module named 'no_such_library_anywhere'"),
    "syntax": ("class Thing(:\n", "SyntaxError"),
    "assert": ("assert 1 == 2, 'the author was sure'\n", "AssertionError: the author was sure"),
    "exit": ("import sys\nsys.exit(3)\n", "sys.exit(3)"),
    "loop": ("while True:\n    pass\n", "did not end within"),
    "class": ("class Thing:\n    pass\n", "it is not a StonithDevice"),
}
"""Six ways to be broken: what the module says, and what the reason must tell. The plugin is called ``bad-<way>``."""


EVERY_KIND = ("comm", "auth", "stonith", "ra", "catalogue", "quorum", "hooks")


class PluginSite:
    """Distributions in one folder, which goes in front of the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, distribution: str, points: Mapping[str, str], source: str = GOOD, *, version: str = "1.0") -> str:
        """Install one; ``points`` maps ``kind:name`` to the object's name in its module. Return the module's name."""
        module = distribution.replace("-", "_")
        (self.folder / f"{module}.py").write_text(source)
        info = self.folder / f"{module}-{version}.dist-info"
        info.mkdir()
        head = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        readme = "# A plugin\n\n" + "It does this and that, and says so at some length.\n" * 30
        (info / "METADATA").write_text(f"{head}Project-URL: Documentation, https://acme.example/docs\n\n{readme}")
        sections = "".join(
            f"[heartbeat.{kind}]\n{name} = {module}:{target}\n"
            for kind, name, target in ((*word.split(":", 1), target) for word, target in points.items())
        )
        (info / "entry_points.txt").write_text(sections)
        return module

    def add_known(self, distribution: str, *names: str) -> None:
        """Install a vendor's table of what another distribution, which is nowhere, would bring: each ``kind:name``."""
        package = self.folder / "vendor_known"
        package.mkdir()
        tables = (name.split(":", 1) for name in names)
        (package / "known.toml").write_text(
            "".join(f'[{kind}]\n"{name}" = "{distribution}"\n' for kind, name in tables)
        )
        info = self.folder / "vendor_known-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vendor-known\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[heartbeat.known]\nvendor = vendor_known\n")

    def add_broken(self, kinds: Sequence[str] = ("stonith",)) -> None:
        """Install one of each way to be broken, and two distributions that announce one name, for each of the kinds."""
        for way, (source, _) in BROKEN.items():
            self.add(f"vendor-{way}", {f"{kind}:bad-{way}": "Thing" for kind in kinds}, source)
        for vendor in ("one", "other"):
            self.add(f"vendor-{vendor}", {f"{kind}:twin": "Good" for kind in kinds})

    def points(self) -> list[EntryPoint]:
        """Return the entry points of this folder alone."""
        return [point for dist in distributions(path=[str(self.folder)]) for point in dist.entry_points]

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HB_")}
        return {**kept, "PYTHONPATH": str(self.folder), "HB_STATE": str(self.folder), **more}

    def hb(self, *words: str, stdin: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run ``hb`` with these distributions installed besides the workspace's."""
        return subprocess.run(
            [*HB, *words],
            input=stdin,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def measure(count: int, runs: int = 20) -> None:
    """Print how long `hb plugin list` takes with ``count`` distributions besides the installed ones."""
    with tempfile.TemporaryDirectory() as folder:
        site = PluginSite(Path(folder))
        for number in range(count):
            site.add(f"vendor-{number:03}", {f"stonith:device-{number:03}": "Good"})
        took_s = []
        for _ in range(runs):
            began_s = time.perf_counter()
            listed = site.hb("plugin", "list")
            took_s.append(time.perf_counter() - began_s)
        assert listed.returncode == 0, listed.stderr
        lines = len(listed.stdout.splitlines()) - 1
        print(
            textwrap.dedent(f"""\
                {lines} plugins, {count} distributions more than installed, {runs} runs:
                median {statistics.median(took_s):.3f} s, best {min(took_s):.3f} s, worst {max(took_s):.3f} s""")
        )


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
