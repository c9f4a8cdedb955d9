"""Which installed plugin brings the simulator of which STONITH device. Needs no pytest.

A distribution announces it beside its driver, under the same name:

    [project.entry-points."heartbeat.simulators"]
    acme-pdu = "heartbeat_stonith_acme.simulator:FakeAcmePdu"
"""

import difflib
from importlib.metadata import EntryPoint, entry_points

from heartbeat.pils.kinds import SIMULATOR_GROUP
from heartbeat.testing.outlets import OutletSimulator


class NoSimulator(Exception):
    """No device of this type can be played; one line for a person: what is missing, and what there is."""


def simulated_types() -> list[str]:
    """Return the types of device that can be played here, sorted."""
    return sorted({point.name for point in entry_points(group=SIMULATOR_GROUP)})


def simulator_of(device_type: str) -> type[OutletSimulator]:
    """Return the simulator of a type of device. Raises NoSimulator."""
    points = tuple(entry_points(group=SIMULATOR_GROUP, name=device_type))
    if not points:
        raise NoSimulator(_why_none(device_type))
    return _loaded(points[0])


def _why_none(device_type: str) -> str:
    there = simulated_types()
    is_driver = any(entry_points(group="heartbeat.stonith", name=device_type))
    what = f"the plugin of {device_type!r} brings no simulator" if is_driver else f"no device type {device_type!r}"
    near = difflib.get_close_matches(device_type, there, 1)
    mend = f"write {near[0]}" if near and not is_driver else f"there is {', '.join(there) or 'none at all'}"
    return f"{what} (entry-point group {SIMULATOR_GROUP}); {mend}"


def _loaded(point: EntryPoint) -> type[OutletSimulator]:
    where = f"the simulator of {point.name} ({point.value})"
    try:
        found = point.load()
    except ImportError as wrong:
        raise NoSimulator(f"{where} cannot be imported: {wrong}; pip install what it needs") from wrong
    except AttributeError as wrong:
        raise NoSimulator(f"{where} is not there: {wrong}") from wrong
    if not (isinstance(found, type) and issubclass(found, OutletSimulator)):
        raise NoSimulator(f"{where} is no heartbeat.testing.outlets.OutletSimulator")
    return found
