"""This node's STONITH devices: which nodes each can switch, how long that takes, and what is wrong with it."""

from heartbeat.kernel.desk import Desk
from heartbeat.model.names import Nid


class Device:
    """One of this node's devices."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.hosts: tuple[str, ...] = ()
        self.worst_off_s = 0.0
        """Of the off command and the reading back, as the device declares it."""
        self.serialises = False
        """It drops the requests of a client that it has switched off, so that two nodes cannot switch each other."""
        self.gives_power = True
        self.problem = "has not answered yet"
        self.level, self.supplies = 0, 1
        """Which level it belongs to, and how many devices that has: together they feed the same nodes."""
        self.lied: set[Nid] = set()
        """Nodes that it read as off and that spoke afterwards."""


class Devices:
    """All of them, by name."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._devices: dict[str, Device] = {}
        self.distrusted: dict[str, str] = {}
        """Devices that were seen to switch somebody else, and how that showed; nobody is fenced with them."""

    def known(
        self,
        name: str,
        hosts: tuple[str, ...],
        worst_off_s: float,
        problem: str,
        *,
        serialises: bool,
        gives_power: bool = True,
        level: int = 0,
        supplies: int = 1,
    ) -> None:
        """Take a device's answer to which hosts it can switch, or why it gave none."""
        device = self._devices.setdefault(name, Device(name))
        if problem and problem != device.problem:
            self._desk.decide(
                "device.silent", f"device {name}", f"STONITH device {name}: {problem}", problem, alarm=True
            )
        elif not problem and device.problem:
            self._desk.decide(
                "device.ready",
                f"device {name}",
                f"STONITH device {name} can switch {', '.join(hosts)}",
                "the device answered",
            )
        device.hosts = device.hosts if problem else tuple(host.lower() for host in hosts)
        device.worst_off_s, device.problem, device.serialises = worst_off_s, problem, serialises
        device.gives_power, device.level, device.supplies = gives_power, level, supplies
        self._desk.urgent = True

    def lied(self, name: str, nid: Nid) -> None:
        """The node that it read as off speaks: others are asked first, and its reading proves little any more."""
        if name in self._devices:
            self._devices[name].lied.add(nid)

    def has_lied(self, name: str, nid: Nid) -> bool:
        return name in self._devices and nid in self._devices[name].lied

    def distrust(self, name: str, why: str) -> None:
        """It switches another node than its line says: fence nobody with it before a rehearsal shows it right.

        A daemon that is started anew reads its files anew, and asks it again.
        """
        if name not in self.distrusted:
            self.distrusted[name] = why
            text = f"STONITH device {name} fences nobody any more: {why}; swap the outlets and start the daemons anew"
            self._desk.decide("device.distrusted", f"device {name}", text, why, alarm=True)
            self._desk.urgent = True

    def trust(self, name: str) -> None:
        """A rehearsal with it went well."""
        self.distrusted.pop(name, None)

    def _levels(self, nid: Nid) -> list[list[Device]]:
        """Return the levels that can switch a node off, in the order in which they are to be tried.

        One of which a device is not known yet, does not say that it feeds the node, or is distrusted, is not among
        them: the others might be off and the node run on.
        """
        name = self._desk.name(nid)
        levels: dict[tuple[int, str], list[Device]] = {}
        for device in sorted(self._devices.values(), key=lambda device: device.name):
            levels.setdefault((device.level, "" if device.level else device.name), []).append(device)
        whole = {
            at: level
            for at, level in levels.items()
            if len(level) == level[0].supplies
            and all(name in it.hosts and it.name not in self.distrusted for it in level)
        }
        order = sorted(whole, key=lambda at: (any(nid in device.lied for device in whole[at]), at))
        return [whole[at] for at in order]

    def levels(self, nid: Nid) -> list[tuple[str, ...]]:
        """Return the names of the devices of each level, in the order in which the levels are to be tried."""
        return [tuple(device.name for device in level) for level in self._levels(nid)]

    def race_s(self, nid: Nid) -> float:
        """Return how long switching a node off may take where nothing keeps two nodes from both doing it; else 0."""
        levels = self._levels(nid)
        if all(device.serialises for level in levels for device in level):
            return 0.0
        return max(sum(device.worst_off_s for device in level) for level in levels)

    def switches(self, name: str, nid: Nid) -> bool:
        """Is a device meant for a node, trusted or not? A rehearsal may show that it was put right."""
        return name in self._devices and self._desk.name(nid) in self._devices[name].hosts

    def gives_power(self, name: str) -> bool:
        """May a device be asked to switch a node on? Otherwise the node boots by itself, or a person sees to it."""
        return self._devices[name].gives_power

    def supplies(self, name: str) -> int:
        """Return how many devices a device's level has."""
        return self._devices[name].supplies

    def names(self, nid: Nid) -> list[str]:
        return [name for level in self.levels(nid) for name in level]

    def all_names(self) -> list[str]:
        """Return every device of this node, whatever it can switch."""
        return list(self._devices)

    def can_fence(self) -> tuple[Nid, ...]:
        return tuple(nid for nid in self._desk.others if self._levels(nid))

    def worst_off_s(self, name: str) -> float:
        return self._devices[name].worst_off_s
