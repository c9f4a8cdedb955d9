"""The lab's cables: one bridge per interface name, in the controller's own network namespace.

Node i's end of medium m is the port ``n<i>m<m>``; its other end is the node's interface. Cuts are drops between
ports (nftables, bridge family), so the link stays up as when a switch fails; unplugging takes the carrier away.
"""

import fcntl
import socket
import struct
import subprocess
from collections.abc import Iterable

from heartbeat.lab.control import LabError
from heartbeat.lab.plan import CLIENT, LabPlan

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
"""linux/sockios.h, linux/if.h."""

RULES = """
table bridge lab {
  set silent { type ifname; }
  set deaf { type ifname; }
  set apart { type ifname . ifname; }
  chain forward {
    type filter hook forward priority 0; policy accept;
    iifname @silent drop
    oifname @deaf drop
    iifname . oifname @apart drop
  }
}
"""


def run(argv: list[str], text: str = "") -> str:
    """Run one tool with this standard input; raises LabError with its last words."""
    try:
        done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=30, check=False)
    except FileNotFoundError:
        package = {"ip": "iproute2", "nft": "nftables", "nsenter": "util-linux"}.get(argv[0], argv[0])
        raise LabError(f"the lab needs the program {argv[0]}: apt-get install {package}") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise LabError(f"{' '.join(argv[:6])} failed: {said[-1]}")
    return done.stdout


def inside(pid: int, argv: list[str]) -> list[str]:
    """Return a command line that runs in the network namespace of a process."""
    return ["nsenter", f"--net=/proc/{pid}/ns/net", *argv]


class Switch:
    """All bridges, ports and cuts of a lab."""

    def __init__(self, plan: LabPlan) -> None:
        self.plan = plan
        self._ioctl = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._can_cut = True
        lines = ["link set lo up"]
        for index in range(len(plan.media)):
            bridge = f"medium{index}"
            lines.append(f"link add {bridge} type bridge mcast_snooping 0 stp_state 0 forward_delay 0")
            lines.append(f"link set {bridge} addrgenmode none up")
        run(["ip", "-batch", "-"], "\n".join(lines))
        try:
            run(["nft", "-f", "-"], RULES)
        except LabError as wrong:
            self._can_cut = False
            self._why_not = str(wrong)

    @property
    def media(self) -> int:
        """How many media there are."""
        return len(self.plan.media)

    def port(self, name: str, medium: int) -> str:
        """Return the name of the port of a node (or the client) on a medium."""
        number = "c" if name == CLIENT else self.plan.nodes.index(name)
        return f"n{number}m{medium}"

    def plug(self, name: str, pid: int) -> None:
        """Give the namespace of this process one interface per medium, with its addresses, and bring all up."""
        here: list[str] = []
        there = ["link set lo up"]
        for index, medium in enumerate(self.plan.media):
            port = self.port(name, index)
            mac = f"02:00:00:00:{index:02x}:{254 if name == CLIENT else self.plan.nodes.index(name) + 1:02x}"
            self._forget(port)
            here.append(f"link add {port} type veth peer name {medium.interface} address {mac} netns {pid}")
            here.append(f"link set {port} addrgenmode none master medium{index} up")
            mine = medium.client if name == CLIENT else medium.nodes[self.plan.nodes.index(name)]
            there += [f"addr add {address} {self._extra(address)}dev {medium.interface}" for address in mine]
            there.append(f"link set {medium.interface} up")
        run(["ip", "-batch", "-"], "\n".join(here))
        run(inside(pid, ["ip", "-batch", "-"]), "\n".join(there))

    @staticmethod
    def _extra(address: str) -> str:
        return "nodad " if ":" in address else "brd + "

    def _forget(self, port: str) -> None:
        """A dead node's namespace is torn down in the background: its ports may still be there."""
        subprocess.run(["ip", "link", "del", port], capture_output=True, check=False)

    def carrier(self, name: str, media: Iterable[int], *, up: bool) -> None:
        """Plug cables in or pull them; effective when this returns, and fast (one ioctl each)."""
        for medium in media:
            request = struct.pack("16sH14x", self.port(name, medium).encode(), 0)
            try:
                (flags,) = struct.unpack_from("H", fcntl.ioctl(self._ioctl, SIOCGIFFLAGS, request), 16)
                flags = flags | IFF_UP if up else flags & ~IFF_UP
                request = struct.pack("16sH14x", self.port(name, medium).encode(), flags)
                fcntl.ioctl(self._ioctl, SIOCSIFFLAGS, request)
            except OSError:
                continue  # already gone with its node

    def cut(self, name: str, media: Iterable[int], way: str, peers: Iterable[str]) -> None:
        """Drop what a node sends (``out``), receives (``in``) or both, with everybody or with these peers only.

        All of it takes effect at one instant.
        """
        lines = [f"add element bridge lab {each}" for each in self._elements(name, media, way, tuple(peers))]
        self._nft(lines)

    def heal(self) -> None:
        """End all cuts at one instant."""
        self._nft([f"flush set bridge lab {name}" for name in ("silent", "deaf", "apart")])

    def _elements(self, name: str, media: Iterable[int], way: str, peers: tuple[str, ...]) -> Iterable[str]:
        for medium in media:
            port = self.port(name, medium)
            others = [self.port(peer, medium) for peer in peers]
            if way in ("out", "both"):
                yield from [f"apart {{ {port} . {other} }}" for other in others] or [f"silent {{ {port} }}"]
            if way in ("in", "both"):
                yield from [f"apart {{ {other} . {port} }}" for other in others] or [f"deaf {{ {port} }}"]

    def _nft(self, lines: list[str]) -> None:
        if not self._can_cut:
            raise LabError(f"this machine cannot cut links: {self._why_not}")
        run(["nft", "-f", "-"], "\n".join(lines))
