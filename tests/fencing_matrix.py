"""The matrix device x fault x verb: what an order comes to, by each device's own driver against its own simulator.

Every conformance class of a device in plugins_stonith/ is a row, so that a new family is in it by itself.
``python -m tests.fencing_matrix`` renews docs/fencing-matrix.md.
"""

import contextlib
import importlib.util
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from heartbeat.executor.devices import DeviceWork
from heartbeat.executor.verdict import Refused
from heartbeat.model.operation import Action, Outcome
from heartbeat.model.proof import Proof
from heartbeat.pils.registry import PluginRegistry
from heartbeat.plugin import PluginError, Power, StonithDevice
from heartbeat.testing.device import DeviceSimulator, Fault
from heartbeat.testing.stonith import StonithConformance

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "fencing-matrix.md"
VERBS = ("off", "on", "status")
FAULTS: tuple[Fault | None, ...] = (None, *Fault)
GIVES_UP = {
    Fault.UNREACHABLE, Fault.SILENT, Fault.CLOSES, Fault.GARBAGE, Fault.LATE, Fault.BUSY, Fault.BREAKS_OFF,
    Fault.CUT_OFF, Fault.OFF_TOPIC,
}  # fmt: skip
"""Faults in which nothing comes of waiting: the driver's short time-outs are used, as in the kit."""
PATIENT_S, HASTY_S = 20.0, 3.0
"""Limit of an order with its reading back: time for a busy machine, and time to be sure that nothing comes."""
AT_ONCE = 6
"""Cells of a row that wait side by side; each has a device of its own."""

NOT_PLAYED, PROVED, RESET, ASKED, TOLD, BELIEVED = "", "✓", "reset", "asked", "no", "WRONG"
LEGEND = {
    PROVED: "done, and so it is: the device, asked again, reads it (*off*, *on*), or answers (*status*)",
    RESET: "done, and so it is, though nobody has read it: the node's own watchdog has had the time to reset it",
    ASKED: "the device took the order and cannot be asked; its word protects no shared data",
    TOLD: "an error in time that says what is wrong; nothing is taken for off",
}


def judges() -> list[type[StonithConformance]]:
    """Return the conformance classes of the devices, in the order of their rows."""
    for path in sorted(ROOT.glob("plugins_stonith/*/tests/test_*.py")):
        if "StonithConformance" in path.read_text(encoding="utf-8"):
            _imported(path)
    return sorted(set(_below(StonithConformance)), key=row_name)


def _imported(path: Path) -> None:
    name = f"matrix_{path.parents[1].name}_{path.stem}"
    if name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    with _beside(path):
        spec.loader.exec_module(module)


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[None]:
    """Let a test module import what lies beside it."""
    sys.path.insert(0, str(path.parent))
    try:
        yield
    finally:
        sys.path.remove(str(path.parent))


def _below(base: type[StonithConformance]) -> Iterator[type[StonithConformance]]:
    for each in base.__subclasses__():
        if each.__module__.startswith("matrix_") and hasattr(each, "simulator"):
            yield each
        yield from _below(each)


@cache
def _types() -> dict[type, str]:
    registry = PluginRegistry()
    return {registry.load("stonith", it.name): it.name for it in registry.announced() if it.kind == "stonith"}


def row_name(judge: type[StonithConformance]) -> str:
    """Return the device's type, and which of its kinds the simulator plays."""
    family = judge.__module__.removeprefix("matrix_").partition("_test_")[0]
    return f"{_types().get(judge.plugin, family)} ({judge.simulator.__name__})"


def row(judge: type[StonithConformance], verb: str) -> list[str]:
    """Return what the verb comes to under each fault."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda fault: cell(judge, fault, verb), FAULTS))


def cell(judge: type[StonithConformance], fault: Fault | None, verb: str) -> str:
    """Give one order to a device of its own, and hold what comes of it against the truth."""
    if fault is not None and fault not in judge.simulator.faults:
        return NOT_PLAYED
    with contextlib.closing(judge.simulator()) as fake:
        host = next((it for it in reversed(fake.hosts()) if len(fake.outlets(it)) < 2), fake.hosts()[0])
        if verb == "on":
            judge().made(fake.params()).switch(host, Power.OFF)
            _until_off(fake, host)
        if fault is not None:
            fake.misbehave(fault)
        is_hasty = fault in GIVES_UP
        device = judge().made(fake.hasty_params() if is_hasty else fake.params())
        limit_s = HASTY_S if is_hasty or fault is Fault.LIES else PATIENT_S
        return _status(device) if verb == "status" else _order(device, fake, host, verb, limit_s)


def _until_off(fake: DeviceSimulator, host: str) -> None:
    deadline_s = time.monotonic() + PATIENT_S
    while fake.is_on(host):
        assert time.monotonic() < deadline_s, f"{host} was not switched off while all was well"
        time.sleep(0.005)


def _status(device: StonithDevice) -> str:
    try:
        device.status()
    except PluginError:
        return TOLD
    return PROVED


def _order(device: StonithDevice, fake: DeviceSimulator, host: str, verb: str, limit_s: float) -> str:
    """Do it as the executor does: order, then read until it is so."""
    try:
        work = DeviceWork(device, Action.FENCE if verb == "off" else Action.ON, host)
        work.deadline_s = time.monotonic() + limit_s
        result = work.act()
    except (PluginError, Refused):
        return TOLD
    if result.outcome is not Outcome.DONE:
        return TOLD
    if not device.can_read_power or (verb == "off" and result.proof is Proof.ASKED):
        return ASKED
    if fake.is_on(host) != (verb == "on"):
        return BELIEVED
    return RESET if result.proof is Proof.SELF_FENCED else PROVED


def line(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def head() -> list[str]:
    names = [fault.name.lower().replace("_", " ") if fault else "all is well" for fault in FAULTS]
    return [line("device", names), line("---", [":-:"] * len(FAULTS))]


def page(rows: dict[str, list[str]]) -> str:
    """Return the page; ``rows``: for each verb its lines."""
    sections = [f"## {verb}\n\n" + "\n".join([*head(), *rows[verb]]) for verb in VERBS]
    legend = "\n".join(f"| {sign} | {text} |" for sign, text in LEGEND.items())
    faults = "\n".join(f"| {fault.name.lower().replace('_', ' ')} | {fault.value} |" for fault in Fault)
    return PREFACE.format(legend=legend, faults=faults) + "\n\n".join(sections) + "\n"


PREFACE = """# What a device's word is worth

Each device's driver against the simulator of its device, with every fault that it can play. A test fails when this page
is out of date; `python -m tests.fencing_matrix` renews it.

```
order off ──▶ driver ──▶ device ──▶ "done"        an acknowledgement: proves nothing
                 │
                 └─ asked again, freshly ──▶ off   the proof: only this moves what shares data
                                         ──▶ on, nothing, nonsense: no proof, the order has failed
```

| sign | what came of it |
|:-:|---|
{legend}
| | this device cannot go wrong in this way, or its simulator does not play it |

| fault | what the device does |
|---|---|
{faults}

"""


def main() -> None:
    found = judges()
    rows = {verb: [line(row_name(judge), row(judge, verb)) for judge in found] for verb in VERBS}
    PAGE.write_text(page(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
