"""A hold where nf_tables is missing: the address itself has a lifetime, and the kernel removes it.

Whole seconds, exact to 0.15 s; so it protects from a deadtime of a second and a half on. Below that only the guard
is left, which removes the address itself.
"""

from heartbeat_ra_ip import addresses, routes, survivors
from heartbeat_ra_ip.addresses import Held
from heartbeat_ra_ip.interface import find
from heartbeat_ra_ip.netlink import Netlink
from heartbeat_ra_ip.wanted import Wanted

LEAST_S = 1
"""The kernel counts lifetimes in seconds."""


class LifetimeHold:
    """The hold of one address."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._was: Held | None = None
        """Where it was seen last, so that it can come back there."""
        self.lifetime_s: int | None = None
        """What an address that is set now gets; None: no lifetime."""

    def renew(self, seconds: float) -> bool:
        """Begin the lifetime anew, and bring the address back if it went; False when no lifetime is that short."""
        whole = int(seconds)
        self.lifetime_s = whole if whole >= LEAST_S else None
        with Netlink() as netlink:
            here = self._here(netlink)
            if here is not None:
                self._was = here
            if self._was is not None and (here is None or self.lifetime_s is not None):
                self._set(netlink, self._was)
        return self.lifetime_s is not None

    def mute(self) -> None:
        """Remove the address."""
        with Netlink() as netlink:
            here = self._here(netlink)
            if here is None:
                return
            self._was = here
            interface = find(here.index)
            if interface is None:
                return
            others = survivors.take(netlink, here, interface.name) if self._wanted.ip.version == 4 else None
            addresses.delete(netlink, self._wanted.ip, here)
            if others is not None:
                survivors.restore(netlink, others)

    def _here(self, netlink: Netlink) -> Held | None:
        found = addresses.held(netlink, self._wanted.ip)
        return next((one for one in found if (at := find(one.index)) and not at.is_loopback), None)

    def _set(self, netlink: Netlink, where: Held) -> None:
        interface = find(where.index)
        if interface is not None:
            addresses.add(netlink, self._wanted, where.index, interface.name, where.prefix, self.lifetime_s)


def interface_of(wanted: Wanted) -> str:
    """Return the interface where the address is, or belongs. Raises PluginError when nothing says so."""
    with Netlink() as netlink:
        for one in addresses.held(netlink, wanted.ip):
            interface = find(one.index)
            if interface is not None and not interface.is_loopback:
                return interface.name
        return routes.place(netlink, wanted).interface.name
