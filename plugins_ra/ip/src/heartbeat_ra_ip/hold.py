"""What silences a service address that nobody speaks for any more: nf_tables, else its lifetime, else the guard."""

from heartbeat_ra_ip.hold_kernel import KernelHold
from heartbeat_ra_ip.hold_lifetime import LifetimeHold, interface_of
from heartbeat_ra_ip.interface import index_of
from heartbeat_ra_ip.routes import Place
from heartbeat_ra_ip.wanted import Wanted

NFTABLES, LIFETIME, NOTHING = "nftables", "lifetime", ""
"""What ``renew`` returns; with NOTHING only a living guard mutes."""


class Hold:
    """The hold of one address in one process. Nothing is opened before the first call."""

    def __init__(self, wanted: Wanted, *, nftables: bool = True) -> None:
        """``nftables``: False where the kernel is known not to have it."""
        self._wanted = wanted
        self._nftables = nftables
        self._kernel: KernelHold | None = None
        self._is_taken = False
        self._lifetime = LifetimeHold(wanted)

    @property
    def lifetime_s(self) -> int | None:
        """The lifetime with which the address is to be set; None: none."""
        return self._lifetime.lifetime_s

    def close(self) -> None:
        if self._kernel is not None:
            self._kernel.close()
        self._kernel, self._is_taken = None, False

    def renew(self, seconds: float, place: Place | None) -> str:
        """Let it answer for so long from now. ``place``: where it will be set, if that is known."""
        if self._is_local(place):
            return NOTHING
        if self._has_kernel(seconds, place):
            return NFTABLES
        return LIFETIME if self._lifetime.renew(seconds) else NOTHING

    def mute(self, place: Place | None) -> None:
        """Silence it at once."""
        if not self._is_local(place) and not self._has_kernel(0.0, place):
            self._lifetime.mute()

    def release(self) -> None:
        """Take it out of the hold, after it was removed: whoever sets it by hand finds it free.

        The socket stays open until ``close`` or the process's end: the answer would come 10-30 ms later.
        """
        if not self._nftables:
            return
        try:
            self._kernel = self._kernel or KernelHold(self._wanted.ip)
            self._kernel.release()
            self._is_taken = False
        except OSError:
            self._nftables = False  # then nothing was held either

    def _is_local(self, place: Place | None) -> bool:
        """On the loopback nobody else sees it, and packets to ourselves must not be dropped."""
        return bool(place and place.interface.is_loopback) or self._wanted.nic == "lo"

    def _has_kernel(self, seconds: float, place: Place | None) -> bool:
        """Tell nf_tables; False when this kernel does not have it, which is not asked a second time."""
        if not self._nftables:
            return False
        try:
            self._kernel = self._kernel or KernelHold(self._wanted.ip)
            # Somebody who loads new firewall rules may have flushed the table: then it is made again.
            if not (self._is_taken and self._kernel.renew(seconds)):
                name = place.interface.name if place else interface_of(self._wanted)
                if not index_of(name):
                    return True  # without the interface nothing answers, and a chain cannot hang there
                self._kernel.take(name, seconds)
                self._is_taken = True
        except OSError:
            self._nftables = False
            return False
        return True
