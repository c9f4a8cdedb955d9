"""The plan of the house, kept by a test: who may import whom, what the kernel may not touch, sizes, names, doors.

A rule that a change has to break is changed here, in the same commit, where everybody sees it.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, NamedTuple

import heartbeat.plugin
import pytest

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "core" / "src" / "heartbeat"
DISTRIBUTIONS = sorted([ROOT / "core", *(path.parent for path in ROOT.glob("plugins_*/*/pyproject.toml"))])
PLUGINS = [folder for folder in DISTRIBUTIONS if folder.name != "core"]

BELOW_DAEMON = {
    "model", "plugin", "wire", "config", "pils", "kernel", "testing", "client", "executor", "journal", "sim", "lab",
}  # fmt: skip
MAY_IMPORT = {
    "model": set(),
    "plugin": set(),
    "wire": {"model"},
    "config": {"plugin", "model"},
    "pils": {"plugin", "model"},
    "kernel": {"wire", "model"},
    "testing": {"plugin", "pils"},
    "client": {"wire", "model"},
    "executor": {"pils", "plugin", "wire", "model"},
    "journal": {"kernel", "wire", "model"},
    "witness": {"plugin"},
    "sim": {"kernel", "wire", "plugin", "model"},
    "lab": {"client", "config", "pils", "testing", "plugin", "model"},
    "daemon": BELOW_DAEMON,
    "hooks": {"client", "config", "journal", "pils", "plugin", "model"},
    "cli": BELOW_DAEMON | {"daemon", "hooks", "witness"},
}
"""Room to the rooms that it may import, besides itself. Arrows point down only; the daemon knows nothing of hooks."""

HOOK_PLUGINS = ("notify", "metrics")
"""Files of the room hooks that are plugins, and come in by the plugins' door."""

PURE = {
    "bisect", "collections", "dataclasses", "enum", "fractions", "functools", "heapq", "itertools", "math", "operator",
    "re", "types", "typing", "msgspec", "hashlib", "struct", "heartbeat",
}  # fmt: skip
"""What gives the same answer on every machine and waits for nothing. Everything else is outside the pure rooms."""

ALSO_PURE = {CORE / "model" / "places.py": {"os", "pathlib"}, CORE / "kernel" / "membership.py": {"random"}}
"""Where the places of a node are named by its environment, and where chance comes from the seed given at birth."""

IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "compile", "breakpoint", "hash", "id", "__import__"}
"""``hash`` of a text and ``id`` differ between two runs; the rest is input or output."""

HEAPS = {"utils", "util", "common", "helpers", "helper", "misc", "base", "tools"}
LINES_MAX = 500
FUNCTION_LINES_MAX = 50

PLUGIN_DOOR = {
    "API_CURRENT", "API_PREVIOUS", "AccessDenied", "AuthenticationError", "Authenticator", "BadConfig", "BadHost",
    "BadParameter", "Catalogue", "CatalogueEntry", "Claim", "Deliver", "DirectiveLine", "FrameContext", "Health",
    "Identity", "Kind", "LinkPlan", "Listener", "Medium", "NotInstalled", "Occasion", "OutletOff", "Param", "ParamKind",
    "Params", "Plugin", "PluginError", "Power", "Registry", "ResetFailed", "ResourceAgent", "Ruling", "Secret",
    "StonithDevice", "Tie", "TieBreaker", "TieRecord", "TimedOut", "Unreachable", "Unsupported", "Verdict",
    "match_host", "occasion", "parse_params",
}  # fmt: skip
"""What vendors build on. A name that goes, or comes unannounced, breaks or binds people whom we do not know."""


class Import(NamedTuple):
    """One imported module, as ``heartbeat.model.view`` or ``os``."""

    module: str
    line: int
    at_start: bool
    """Run when the importing module is imported: neither inside a function nor for the type checker only."""


def imports(source: str) -> Iterator[Import]:
    """Yield what a file imports. ``from a import b`` counts as ``a.b``, for b may be a module."""
    yield from _imports(ast.parse(source), at_start=True)


def _imports(node: ast.AST, *, at_start: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, at_start) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"line {child.lineno}: relative imports hide which arrow is meant"
            yield from (Import(f"{child.module}.{alias.name}", child.lineno, at_start) for alias in child.names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from _imports(child, at_start=False)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, at_start=at_start and not inside)


def wrong_arrows(room: str, source: str) -> list[str]:
    """Return the imports of a file in this room that point up or aside."""
    rooms = {(one.line, one.module.split(".")[1]) for one in imports(source) if one.module.startswith("heartbeat.")}
    return [f"line {line}: {room} imports {to}" for line, to in sorted(rooms) if to not in MAY_IMPORT[room] | {room}]


def impurities(source: str, allowed: set[str]) -> list[str]:
    """Return what a file of a pure room does that could differ between two runs, or wait."""
    found = [
        f"line {one.line}: imports {one.module}"
        for one in imports(source)
        if one.module.split(".")[0] not in PURE | allowed
    ]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Global):
            found.append(f"line {node.lineno}: global state")
        elif isinstance(node, ast.Call):
            found += [f"line {node.lineno}: {why}" for why in _impure_call(node)]
        elif isinstance(node, ast.For | ast.comprehension) and _is_set(node.iter):
            found.append(f"line {node.iter.lineno}: iterates over a set, whose order is chance")
    return found


def _impure_call(call: ast.Call) -> Iterator[str]:
    name = ast.unparse(call.func)
    if name in IMPURE_CALLS:
        yield f"calls {name}"
    if name.startswith("random.") and not (name == "random.Random" and call.args):
        yield f"calls {name}: chance comes from random.Random(seed) alone"


def _is_set(node: ast.expr) -> bool:
    made = isinstance(node, ast.Call) and ast.unparse(node.func) in {"set", "frozenset"}
    return made or isinstance(node, ast.Set | ast.SetComp)


def sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def our_files() -> list[Path]:
    """Return every Python file of the repository, tests included."""
    top = [ROOT / "core", ROOT / "tests", ROOT / "setup", *ROOT.glob("plugins_*")]
    return [path for folder in top for path in sources(folder) if ".venv" not in path.parts]


def place(path: Path) -> str:
    return str(path.relative_to(ROOT))


def core_files() -> Iterator[tuple[str, Path]]:
    for path in sources(CORE):
        room = path.relative_to(CORE).parts[0]
        if room != "__init__.py":
            yield room, path


def project(folder: Path) -> dict[str, Any]:
    data: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return data


# Arrows.


def test_every_room_is_on_the_plan() -> None:
    rooms = {path.name for path in CORE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms <= MAY_IMPORT.keys()


def test_the_plan_itself_has_no_circle() -> None:
    tuple(TopologicalSorter(MAY_IMPORT).static_order())


def test_arrows_point_down_only() -> None:
    wrong = {place(path): wrong_arrows(room, path.read_text(encoding="utf-8")) for room, path in core_files()}
    assert not {path: arrows for path, arrows in wrong.items() if arrows}


def test_no_circle_among_modules() -> None:
    modules = {".".join(path.relative_to(CORE.parent).with_suffix("").parts): path for path in sources(CORE)}
    graph = {
        name: {target for one in imports(path.read_text(encoding="utf-8")) if one.at_start for target in _targets(one)}
        & modules.keys() - {name}
        for name, path in modules.items()
    }
    tuple(TopologicalSorter(graph).static_order())


def _targets(one: Import) -> tuple[str, str]:
    """``from heartbeat.a import b``: b is a module of a, or a name in it."""
    return one.module, one.module.rpartition(".")[0]


def test_plugins_come_in_by_the_door() -> None:
    wrong = []
    for folder in PLUGINS:
        (own,) = (path.name for path in (folder / "src").iterdir() if path.name.startswith("heartbeat_"))
        for path in [*sources(folder / "src"), *sources(folder / "tests")]:
            kit = {"heartbeat.testing"} if "simulator" in path.stem or "tests" in path.parts else set()
            wrong += [f"{place(path)}: {other}" for other in _past_the_door(path, {"heartbeat.plugin", own} | kit)]
    assert not wrong


def test_the_hooks_of_core_come_in_by_the_same_door() -> None:
    files = [CORE / "hooks" / f"{name}.py" for name in HOOK_PLUGINS]
    assert not [f"{place(path)}: {other}" for path in files for other in _past_the_door(path, {"heartbeat.plugin"})]


def _past_the_door(path: Path, doors: set[str]) -> list[str]:
    ours = [one for one in imports(path.read_text(encoding="utf-8")) if one.module.startswith("heartbeat")]
    return [
        f"line {one.line} imports {one.module}"
        for one in ours
        if not any(f"{one.module}.".startswith(f"{door}.") for door in doors)
    ]


def test_nothing_in_core_knows_the_name_of_a_plugin() -> None:
    packages = {path.name for folder in PLUGINS for path in (folder / "src").glob("heartbeat_*")}
    wrong = [
        f"{place(path)}:{one.line} imports {one.module}"
        for _, path in core_files()
        for one in imports(path.read_text(encoding="utf-8"))
        if one.module.split(".")[0] in packages
    ]
    assert not wrong


def test_the_plugin_contract_is_of_the_standard_library_alone() -> None:
    wrong = [
        f"{place(path)}:{one.line} imports {one.module}"
        for path in sources(CORE / "plugin")
        for one in imports(path.read_text(encoding="utf-8"))
        if one.module.split(".")[0] not in sys.stdlib_module_names | {"heartbeat"}
    ]
    assert not wrong


def test_core_imports_at_start_only_what_it_depends_on() -> None:
    """The kit is a pytest plugin and loaded by pytest alone; everything else must work without the extras."""
    declared = {re.split(r"[^a-z]", word)[0] for word in project(ROOT / "core")["dependencies"]}
    may = sys.stdlib_module_names | declared | {"heartbeat"}
    wrong = [
        f"{place(path)}:{one.line} imports {one.module}"
        for room, path in core_files()
        for one in imports(path.read_text(encoding="utf-8"))
        if one.at_start and one.module.split(".")[0] not in (may | {"pytest"} if room == "testing" else may)
    ]
    assert not wrong


# Purity.


@pytest.mark.parametrize("room", ["kernel", "model", "wire"])
def test_the_pure_rooms_neither_look_nor_wait(room: str) -> None:
    found = {
        place(path): impurities(path.read_text(encoding="utf-8"), ALSO_PURE.get(path, set()))
        for path in sources(CORE / room)
    }
    assert not {path: why for path, why in found.items() if why}


# Sizes and names.


def test_no_file_is_longer_than_a_reader_s_patience() -> None:
    lengths = {place(path): len(path.read_text(encoding="utf-8").splitlines()) for path in our_files()}
    assert not {path: lines for path, lines in lengths.items() if lines > LINES_MAX}


def test_functions_fit_on_a_screen() -> None:
    long = []
    for folder in DISTRIBUTIONS:
        for path in sources(folder / "src"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    lines = (node.end_lineno or 0) - node.lineno + 1
                    if lines > FUNCTION_LINES_MAX:
                        long.append(f"{place(path)}:{node.lineno} {node.name}: {lines} lines")
    assert not long


def test_nothing_is_called_a_heap() -> None:
    assert not [place(path) for path in our_files() if HEAPS & {*path.relative_to(ROOT).with_suffix("").parts}]


# Doors and distributions.


def test_the_door_for_plugins_has_exactly_these_names() -> None:
    assert set(heartbeat.plugin.__all__) == PLUGIN_DOOR
    assert all(hasattr(heartbeat.plugin, name) for name in PLUGIN_DOOR)


@pytest.mark.parametrize("folder", DISTRIBUTIONS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_every_distribution_is_whole(folder: Path) -> None:
    about = project(folder)
    assert (folder / "README.md").read_text(encoding="utf-8").startswith(f"# {about['name']}")
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert len(list((folder / "src").glob("*/py.typed"))) == 1
    assert list((folder / "tests").rglob("test_*.py")), "no tests"
    assert about["version"] == project(ROOT / "core")["version"]
    assert about["requires-python"] == ">=3.11"


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_a_plugin_is_named_by_its_kind_and_announced(folder: Path) -> None:
    kind = folder.parent.name.removeprefix("plugins_")
    about = project(folder)
    assert about["name"] == f"heartbeat-{kind}-{folder.name.replace('_', '-')}"
    # A catalogue lives with the kind that it lists, a tie-breaker in the distribution nearest to it.
    assert {f"heartbeat.{kind}", "heartbeat.catalogue", "heartbeat.quorum"} & about["entry-points"].keys()
    assert [word for word in about["dependencies"] if word.startswith("heartbeat")] == ["heartbeat-core>=4.0,<5"]


def test_the_type_checker_sees_every_distribution() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    looked_at = set(settings["tool"]["mypy"]["mypy_path"])
    assert looked_at >= {place(folder / "src") for folder in DISTRIBUTIONS}
    assert all((ROOT / folder).is_dir() for folder in looked_at)


# The rules can be broken: each of these must be found.


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("kernel", "from heartbeat.daemon import clock"),
        ("model", "import heartbeat.wire.frame"),
        ("client", "def late():\n    from heartbeat.kernel import kernel"),
        ("config", "from heartbeat import pils"),
    ],
)
def test_an_arrow_that_points_up_is_found(room: str, source: str) -> None:
    assert wrong_arrows(room, source)


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from os import environ",
        "def f():\n    import logging",
        "def f(x):\n    return hash(x)",
        "print(1)",
        "def f():\n    global x\n    x = 1",
        "import random\nrandom.shuffle([])",
        "import random\nrandom.Random()",
        "for x in {1, 2}: pass",
        "y = [x for x in set(z)]",
        "import pathlib",
    ],
)
def test_an_impurity_is_found(source: str) -> None:
    assert impurities(source, {"random"})


@pytest.mark.parametrize("source", ["import enum", "import random\nr = random.Random(7)", "y = sorted({1, 2})"])
def test_what_is_pure_passes(source: str) -> None:
    assert not impurities(source, {"random"})
