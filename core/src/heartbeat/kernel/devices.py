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
        self.problem = "has not answered yet"
        self.lied: set[Nid] = set()
        """Nodes that it read as off and that spoke afterwards."""


class Devices:
    """All of them, by name."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._devices: dict[str, Device] = {}
        self.distrusted: dict[str, str] = {}
        """Devices that were seen to switch somebody else, and how that showed; nobody is fenced with them."""

    def known(self, name: str, hosts: tuple[str, ...], worst_off_s: float, problem: str, *, serialises: bool) -> None:
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

    def reaching(self, nid: Nid) -> list[Device]:
        """Return the devices that can switch a node, in the order in which they are to be tried."""
        name = self._desk.name(nid)
        able = [it for it in self._devices.values() if name in it.hosts and it.name not in self.distrusted]
        return sorted(able, key=lambda device: (nid in device.lied, device.name))

    def switches(self, name: str, nid: Nid) -> bool:
        """Is a device meant for a node, trusted or not? A rehearsal may show that it was put right."""
        return name in self._devices and self._desk.name(nid) in self._devices[name].hosts

    def names(self, nid: Nid) -> list[str]:
        return [device.name for device in self.reaching(nid)]

    def all_names(self) -> list[str]:
        """Return every device of this node, whatever it can switch."""
        return list(self._devices)

    def can_fence(self) -> tuple[Nid, ...]:
        return tuple(nid for nid in self._desk.others if self.reaching(nid))

    def worst_off_s(self, name: str) -> float:
        return self._devices[name].worst_off_s
