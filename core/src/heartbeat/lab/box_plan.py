"""Which simulated power devices stand in a lab: as asked for, one type after the other, or as ha.cf has them on serial
ports.

Two ways lead here. ``--fence TYPE`` gives every node a device of that type, whatever ha.cf says. Without it, whatever
ha.cf has at the end of a serial cable (``stonith_host node1 rps10 /dev/ttyS1 node2 0``) is there, with that cable,
when the plugin of the type brings a simulator: files for real machines then work as they are.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from heartbeat.config.devices import DIRECTIVES, params_of_words
from heartbeat.config.levels import JOINS
from heartbeat.lab.plan import BadLab, LabPlan, Media, words_of
from heartbeat.plugin import BadConfig, StonithDevice, parse_params
from heartbeat.testing.outlets import OutletSimulator
from heartbeat.testing.serial_line import SerialSimulator
from heartbeat.testing.simulators import NoSimulator, simulated_types, simulator_of

TTY = re.compile(r"/dev/tty\w+")
EVERYBODY = "*"


class BoxPlan(msgspec.Struct, frozen=True):
    """One simulated device."""

    type: str
    hosts: tuple[str, ...]
    """Nodes that it feeds, one outlet each, in the order of the outlets."""
    drivers: tuple[str, ...]
    """Nodes that reach it."""
    level: int = 1
    """Devices of one level feed a node together, each one of its supplies; any level that is off takes its power."""
    supply: int = 1
    """Which of the level's supplies is its."""
    tty: str = ""
    """Where ha.cf has it: the serial port's path in each of its drivers. Empty: the lab writes its lines."""
    told: tuple[str, str] = ("", "")
    """With a tty: the parameter that names it, and its value in ha.cf."""
    positional: tuple[str, ...] = ()
    """The driver's, for the line."""

    @property
    def relay(self) -> str:
        return f"{self.level}.{self.supply}"


def asked_for(fence: Sequence[str], plan: LabPlan, registry: Media) -> tuple[BoxPlan, ...]:
    """Return the boxes for ``--fence``: each word a level of its own, ``TYPE+TYPE`` its supplies. Raises BadLab.

    Boxes that feed the same nodes together follow one another.
    """
    boxes: list[BoxPlan] = []
    for level, word in enumerate(fence, 1):
        made: list[BoxPlan] = []
        for supply, device_type in enumerate(word.split("+"), 1):
            simulator, driver = _played(device_type, registry)
            for hosts, drivers in _shares(simulator, plan.nodes):
                made.append(BoxPlan(device_type, hosts, drivers, level, supply, positional=driver.positional))
        if len({(box.hosts, box.drivers) for box in made}) * len(word.split("+")) != len(made):
            raise BadLab(
                f"--fence {word}: they do not feed the same nodes side by side, one for each node and one for all"
            )
        boxes += sorted(made, key=lambda box: (box.hosts, box.supply))
    return tuple(boxes)


def _played(device_type: str, registry: Media) -> tuple[type[OutletSimulator], type[StonithDevice]]:
    try:
        simulator = simulator_of(device_type)
        driver = registry.load("stonith", device_type)
    except NoSimulator as wrong:
        raise BadLab(f"--fence {device_type}: {wrong}") from None
    assert issubclass(driver, StonithDevice)
    return simulator, driver


def _shares(
    simulator: type[OutletSimulator], nodes: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield who is fed and who drives, for each device that it takes: a serial cable has one other end."""
    if issubclass(simulator, SerialSimulator):
        for index, node in enumerate(nodes):
            yield (node,), (nodes[(index + 1) % len(nodes)],)
    elif simulator.hosts_max:
        step = simulator.hosts_max
        yield from ((nodes[first : first + step], nodes) for first in range(0, len(nodes), step))
    else:
        yield nodes, nodes


def at_cables(directory: Path, plan: LabPlan, registry: Media) -> tuple[BoxPlan, ...]:
    """Return a box for each line of ha.cf that has a device with a simulator on a serial port. Raises BadLab."""
    boxes: list[BoxPlan] = []
    for number, words in words_of(directory / "ha.cf"):
        if words[0] == "stonith" or words[0] not in DIRECTIVES or len(words) < 4 or words[2] not in simulated_types():
            continue
        tty = next((word for word in words[3:] if TTY.fullmatch(word)), "")
        if tty and issubclass(simulator_of(words[2]), SerialSimulator):
            drivers = plan.nodes if words[1] == EVERYBODY else (words[1].lower(),)
            where = f"{directory / 'ha.cf'}:{number}"
            box = _at_cable(where, words[2], drivers, words[3:], tty, registry)
            joins = words[0] == JOINS and boxes
            level, supply = (boxes[-1].level, boxes[-1].supply + 1) if joins else (len(boxes) + 1, 1)
            boxes.append(msgspec.structs.replace(box, level=level, supply=supply))
    return tuple(boxes)


def _at_cable(
    where: str, device_type: str, drivers: tuple[str, ...], words: list[str], tty: str, registry: Media
) -> BoxPlan:
    _, driver = _played(device_type, registry)
    raw = params_of_words(driver, words)
    params, problems = parse_params(driver.params, raw, extra=driver.extra_params)
    try:
        hosts = None if problems else driver.configured_hosts(params)
    except BadConfig as wrong:
        raise BadLab(f"{where}: {wrong}") from None
    if not hosts:
        raise BadLab(f"{where}: the line names no host for {device_type}; 'hb check' says what is wrong with it")
    name = next(name for name, value in raw.items() if tty in value.split())
    return BoxPlan(device_type, hosts, drivers, tty=tty, told=(name, raw[name]), positional=driver.positional)


def line_of(box: BoxPlan, params: dict[str, str]) -> str:
    """Return the line of ha.cf with which its drivers reach a box that has these parameters. Raises BadLab."""
    named = [f"{name}={value}" for name, value in params.items() if " " not in value]
    spaced = [name for name, value in params.items() if " " in value]
    places = [name for name in box.positional if name not in params or name in spaced]
    if len(spaced) > 1 or (spaced and places != spaced):
        raise BadLab(f"--fence {box.type}: {' and '.join(spaced)} of its simulator cannot be said in one line of ha.cf")
    given = " ".join([box.type, *named, *(params[name] for name in spaced)])
    directive = "stonith_host" if box.supply == 1 else JOINS
    return f"{directive} {EVERYBODY if len(box.drivers) > 1 else box.drivers[0]} {given}"


def misfit(box: BoxPlan, params: dict[str, str], cable: str) -> str:
    """Return what a box at the end of ha.cf's cable needs to be asked for instead; empty when its line is right."""
    name, value = box.told
    wanted = " ".join(box.tty if word == cable else word for word in params.get(name, "").split())
    return "" if wanted.lower() == value.lower() else wanted
