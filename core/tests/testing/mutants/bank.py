"""The mutation bank: seeded faults, each a small change of one file, that the conformance kit must catch."""

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[3]


@dataclass(frozen=True, slots=True)
class Target:
    """One plugin and how the kit is run on it."""

    name: str
    source: Path
    """Folder that is copied and put before everything else on the path."""
    file: str
    """Which file in it is changed."""
    tests: tuple[str, ...]
    """What pytest runs: conformance classes only. Relative to the repository, or to the copy for a toy."""
    is_toy: bool = False


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault."""

    target: Target
    name: str
    old: str
    """Must be in the file exactly once."""
    new: str


def toy(name: str, file: str = "") -> Target:
    return Target(f"toy-{name}", HERE.parent / "toys", file or f"toy_{name}.py", (f"kit_{name}.py",), is_toy=True)


def ours(folder: str, file: str, *tests: str) -> Target:
    kind, _, name = folder.partition("/")
    package = f"heartbeat_{kind.removeprefix('plugins_')}_{name}"
    where = tuple(f"{folder}/tests/{test}" for test in tests)
    return Target(f"{package}/{file}", ROOT / folder / "src", f"{package}/{file}", where)


AEAD = ("TestChaCha20", "TestAes256Gcm")

TARGETS = {
    "telnet": toy("telnet"),
    "serial": toy("serial"),
    "agent": toy("agent"),
    "hook": toy("hook"),
    "catalogue": toy("catalogue"),
    "quorum": toy("quorum"),
    "lab": ours("plugins_stonith/lab", "device.py", "test_lab.py::TestLab"),
    "null": ours("plugins_stonith/null", "__init__.py", "test_null.py::TestNull"),
    "meatware": ours("plugins_stonith/meatware", "__init__.py", "test_meatware.py::TestMeatware"),
    "ssh": ours("plugins_stonith/ssh", "__init__.py", "test_ssh.py::TestSsh"),
    "login": ours("plugins_stonith/ssh", "login.py", "test_ssh.py::TestSsh"),
    "crc": ours("plugins_auth/crc", "__init__.py", "test_crc.py::TestCrc"),
    "hmac": ours("plugins_auth/hmac", "__init__.py", "test_hmac.py::TestSha256", "test_hmac.py::TestMd5"),
    "aead": ours("plugins_auth/aead", "__init__.py", *(f"test_aead.py::{it}" for it in AEAD)),
    "udp": ours("plugins_comm/udp", "medium.py", "test_conformance.py::TestBroadcast"),
    "broadcast": ours("plugins_comm/udp", "broadcast.py", "test_conformance.py::TestBroadcast"),
    "ip": ours("plugins_ra/ip", "agent.py", "test_conformance.py::TestIPaddr2"),
    "addresses": ours("plugins_ra/ip", "addresses.py", "test_conformance.py::TestIPaddr2"),
    "haresource": ours("plugins_ra/haresource", "script.py", "test_conformance.py"),
    "scripts": ours("plugins_ra/haresource", "catalogue.py", "test_catalogue_conformance.py"),
    "ocf": ours("plugins_ra/ocf", "agent.py", "test_conformance.py::TestOurAgent"),
    "codes": ours("plugins_ra/ocf", "codes.py", "test_conformance.py::TestOurAgent"),
}


def mutants() -> list[Mutant]:
    """Return the whole bank. In a faults file: ``== target: name``, the old text, ``--``, the new text."""
    found = []
    for path in sorted(HERE.glob("*.faults")):
        for block in path.read_text().split("\n== ")[1:]:
            head, _, body = block.partition("\n")
            target, _, name = head.partition(": ")
            old, _, new = body.rstrip("\n").partition("\n--")
            found.append(Mutant(TARGETS[target], name, old, new.removeprefix("\n")))
    return found
