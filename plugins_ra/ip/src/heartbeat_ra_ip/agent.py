"""IPaddr2 (and its old name IPaddr): a service address that moves with its group."""

import errno
import time
from collections.abc import Callable, Sequence

from heartbeat.plugin import API_CURRENT, Claim, Health, Params, PluginError, ResourceAgent

from heartbeat_ra_ip import addresses, routes, survivors
from heartbeat_ra_ip.addresses import Held
from heartbeat_ra_ip.announcement import Announcer
from heartbeat_ra_ip.hold import Hold
from heartbeat_ra_ip.interface import by_index, find, index_of
from heartbeat_ra_ip.netlink import Netlink
from heartbeat_ra_ip.wanted import PARAMS, canonical, from_word, understood

DAD_WITHIN_S = 10.0
"""As IPaddr2 of resource-agents. Detection itself takes up to 1 s of random delay and 1 s of listening (RFC 4862)."""
DAD_MONITOR_WITHIN_S = 3.0
LOOK_EVERY_S = 0.02


class IPaddr2(ResourceAgent):
    """A service address, IPv4 or IPv6."""

    api = API_CURRENT
    title = "Service address, IPv4 or IPv6"
    docs_url = "https://www.rfc-editor.org/rfc/rfc5227"
    params = PARAMS
    positional = ("ip",)
    start_timeout_s = 20.0
    stop_timeout_s = 20.0
    monitor_timeout_s = 20.0

    @classmethod
    def warm(cls) -> None:
        """Import pyroute2's messages and walk the path of a start once, read-only, so that a forked child is fast."""
        from heartbeat_ra_ip.rehearsal import rehearse

        rehearse()

    @classmethod
    def from_words(cls, words: Sequence[str]) -> dict[str, str]:
        return from_word(words)

    @classmethod
    def shares_data(cls, params: Params) -> bool | None:
        return False

    @classmethod
    def claims(cls, params: Params) -> tuple[Claim, ...]:
        return (Claim("address", canonical(params)),)

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.wanted = understood(params)
        self._netlink: Netlink | None = None
        self._place: routes.Place | None = None
        self._announcer: Announcer | None = None
        self._is_known_free = False
        self._hold = Hold(self.wanted)

    def validate(self) -> None:
        """Raises PluginError when no interface of this host can take the address."""
        with Netlink() as netlink:
            routes.place(netlink, self.wanted)

    def prepare_start(self) -> None:
        """Open the sockets, choose the interface, build the announcements."""
        self._release()
        try:
            self._netlink = Netlink()
            self._place = routes.place(self._netlink, self.wanted)
            self._is_known_free = not self._held(self._netlink)
            self._announcer = Announcer(self.wanted.ip, self._place.interface)
        except BaseException:
            self._release()
            raise

    def start(self) -> None:
        """Set the address and announce it once. Raises PluginError."""
        try:
            self._start()
        except OSError as error:
            self._release()
            raise self._explained("set", error) from None
        except BaseException:
            self._release()
            raise

    def after_start(self) -> None:
        """Announce again, spaced in time, for those who lost or ignored the first; while the address is ours."""
        try:
            for _ in range(1, self.wanted.announcements):
                time.sleep(self.wanted.announce_every_s)
                if not self.announce():
                    return
        finally:
            self._release()

    def announce(self) -> bool:
        """Announce the address once if it is here; return whether it is. Works at any time, started by us or not."""
        if self._netlink is None:
            self._netlink = Netlink()
        here = self._held(self._netlink)
        if not here:
            return False
        if self._announcer is None or self._announcer.interface.index != here[0].index:
            if self._announcer is not None:
                self._announcer.close()
            self._announcer = Announcer(self.wanted.ip, by_index(here[0].index))
        self._announcer.announce()
        return True

    def hold(self, seconds: float) -> str:
        """Let the address answer for so long from now, then fall silent by itself; return what sees to that."""
        return self._hold.renew(seconds, self._place)

    def mute(self) -> None:
        """Silence the address at once; it stays so until the next ``hold``."""
        self._hold.mute(self._place)

    def close(self) -> None:
        """Close what ``prepare_start``, ``start`` or ``announce`` left open; the end of the process does the same."""
        self._release()
        self._hold.close()

    def stop(self) -> None:
        """Remove the address wherever it is. Raises PluginError when it is still there afterwards."""
        with Netlink() as netlink:
            try:
                for where in self._held(netlink):
                    self._remove(netlink, where)
            except OSError as error:
                raise self._explained("remove", error) from None
            left = self._held(netlink)
            if left:
                raise PluginError(
                    f"{self.wanted.ip} is on an interface again right after it was "
                    "removed; something else on this node sets it (`systemctl status systemd-networkd NetworkManager`)"
                )
        self._hold.release()

    def monitor(self) -> Health:
        """RUNNING: once, on the right interface, which works. FAILED: half there. STOPPED: nowhere."""
        with Netlink() as netlink:
            here = self._wait_for_detection(netlink, DAD_MONITOR_WITHIN_S)
            if not here:
                return Health.STOPPED
            return Health.RUNNING if self._is_sound(netlink, here) else Health.FAILED

    def _start(self) -> None:
        if self._place is None or find(self._place.interface.index) is None:
            # Not prepared, or the interface was made anew since.
            self.prepare_start()
        assert self._netlink is not None
        assert self._place is not None
        assert self._announcer is not None
        problem = by_index(self._place.interface.index).problem(carrier=self.wanted.check_link)
        if problem:
            raise PluginError(f"{self.wanted.ip}: {problem}")
        self._set(self._netlink, self._place)
        if self.wanted.ip.version == 6 and not self.wanted.nodad:
            self._await_detection(self._netlink)
        self._announcer.announce()
        for one in self._held(self._netlink):
            if not self._is_right(one):
                self._remove(self._netlink, one)

    def _set(self, netlink: Netlink, place: routes.Place) -> None:
        """Make it so that the address is in the right place; one request when it was nowhere before."""
        index, name = place.interface.index, place.interface.name
        lifetime_s = self._hold.lifetime_s
        if self._is_known_free and addresses.add(netlink, self.wanted, index, name, place.prefix, lifetime_s):
            return
        here = self._held(netlink)
        if any(self._is_right(one) for one in here):
            return
        if self.wanted.ip.version == 6:
            # IPv6 takes an address once per interface, whatever the prefix: the wrong one has to go first.
            for one in [one for one in here if one.index == index]:
                self._remove(netlink, one)
        addresses.add(netlink, self.wanted, index, name, place.prefix, lifetime_s)

    def _is_right(self, one: Held) -> bool:
        assert self._place is not None
        label = self.wanted.label_on(self._place.interface.name)
        return (
            one.index == self._place.interface.index
            and one.prefix == self._place.prefix
            and not one.is_refused
            and (not label or one.label == label)
        )

    def _remove(self, netlink: Netlink, where: Held) -> None:
        if self.wanted.ip.version == 6:
            addresses.delete(netlink, self.wanted.ip, where)
            return
        interface = find(where.index)
        if interface is None:
            return
        others = survivors.take(netlink, where, interface.name)
        addresses.delete(netlink, self.wanted.ip, where)
        survivors.restore(netlink, others)

    def _held(self, netlink: Netlink) -> list[Held]:
        """Return where the address is, as far as it is ours to judge."""
        return [one for one in addresses.held(netlink, self.wanted.ip) if self._concerns(one)]

    def _concerns(self, one: Held) -> bool:
        """Not the loopback, where servers behind a load balancer keep it (LVS); link-local ones on our nic only."""
        interface = find(one.index)
        if interface is None:
            return False
        if self.wanted.nic and interface.index == index_of(self.wanted.nic):
            return True
        return not interface.is_loopback and not self.wanted.ip.is_link_local

    def _is_sound(self, netlink: Netlink, here: list[Held]) -> bool:
        one = here[0]
        interface = by_index(one.index)
        if len(here) > 1 or one.is_refused or one.is_tentative or interface.problem(carrier=self.wanted.check_link):
            return False
        if self.wanted.prefix not in (None, one.prefix):
            return False
        if self.wanted.nic:
            return one.index == index_of(self.wanted.nic)
        # Without nic, any interface with a route to the neighbours will do; none may be left when it is alone.
        fitting = {route.index for route in routes.on_link(netlink, self.wanted.ip)}
        return not fitting or one.index in fitting

    def _wait_for_detection(self, netlink: Netlink, limit_s: float) -> list[Held]:
        return _until(lambda: self._held(netlink), lambda here: not any(one.is_tentative for one in here), limit_s)

    def _await_detection(self, netlink: Netlink) -> None:
        here = self._wait_for_detection(netlink, DAD_WITHIN_S)
        if here and not any(one.is_refused or one.is_tentative for one in here):
            return
        assert self._place is not None
        for one in here:
            self._remove(netlink, one)
        cause = "another host has it (duplicate address)" if here else "it vanished again"
        if any(one.is_tentative for one in here):
            cause = f"duplicate address detection did not end within {DAD_WITHIN_S:g} s"
        raise PluginError(
            f"{self.wanted.ip} on interface {self._place.interface.name}: {cause}; `ip -6 neigh` on a neighbour "
            "shows whose hardware address answers"
        )

    def _explained(self, what: str, error: OSError) -> PluginError:
        where = f" on interface {self._place.interface.name}" if self._place else ""
        mend = "look at `ip address` and the kernel's log"
        if error.errno == errno.EACCES and self.wanted.ip.version == 6:
            mend = "IPv6 is switched off there: `sysctl net.ipv6.conf.all.disable_ipv6=0`"
        return PluginError(f"cannot {what} {self.wanted.ip}{where}: {error.strerror or error}; {mend}")

    def _release(self) -> None:
        if self._netlink is not None:
            self._netlink.close()
        if self._announcer is not None:
            self._announcer.close()
        self._netlink, self._place, self._announcer, self._is_known_free = None, None, None, False


class IPaddr(IPaddr2):
    """The same agent under its old name, which a bare address in haresources stands for."""

    title = "Service address (old name of IPaddr2)"


def _until(look: Callable[[], list[Held]], good: Callable[[list[Held]], bool], limit_s: float) -> list[Held]:
    """Look again and again until what is seen is good or the time is up; return what was seen last."""
    end_s = time.monotonic() + limit_s
    while not good(seen := look()) and time.monotonic() < end_s:
        time.sleep(LOOK_EVERY_S)
    return seen
