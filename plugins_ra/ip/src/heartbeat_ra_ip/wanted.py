"""What an administrator asked for: the parameters, checked, and the old one-word form of haresources."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from heartbeat.plugin import BadConfig, Param, ParamKind, Params

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

FORM = "ADDRESS[/MASK[/INTERFACE[:LABEL]][/BROADCAST]]"
LABEL_BYTES_MAX = 15
"""Interface, colon and label together: IFNAMSIZ less the final zero (linux/if.h)."""

PARAMS = (
    Param("ip", ParamKind.ADDRESS, required=True, example="10.10.10.11", help="The service address, IPv4 or IPv6."),
    Param(
        "cidr_netmask",
        example="24",
        help="Prefix length, or a dotted mask; by default that of the route that chooses the interface.",
        aliases=("netmask",),
    ),
    Param(
        "nic",
        ParamKind.INTERFACE,
        example="eth0",
        help="Interface; by default the one whose on-link route holds the address, the longest first. `eth0:1` is "
        "the old way to give a label. Link-local IPv6 addresses need it.",
    ),
    Param("iflabel", example="0", help="Label of an IPv4 address: `0` makes eth0:0, which old tools list."),
    Param(
        "broadcast",
        example="10.10.10.255",
        help="IPv4 broadcast address; `+`, the default, computes it from the mask, `-` sets none.",
    ),
    Param(
        "arp_interval",
        ParamKind.INT,
        default=200,
        minimum=0,
        maximum=10_000,
        unit="ms",
        example="200",
        help="Time between two announcements.",
        aliases=("ARP_INTERVAL_MS",),
    ),
    Param(
        "arp_count",
        ParamKind.INT,
        default=5,
        minimum=1,
        maximum=100,
        example="5",
        help="How often the address is announced: the first time before start returns, the rest after it.",
        aliases=("ARP_REPEAT",),
    ),
    Param(
        "nodad",
        ParamKind.BOOL,
        default=True,
        example="yes",
        help="IPv6: use the address at once, without duplicate address detection, which would cost a second or two "
        "of every failover and asks a question that the cluster has answered already.",
    ),
    Param(
        "noprefixroute",
        ParamKind.BOOL,
        default=False,
        example="no",
        help="Do not let the kernel make a route to the address's subnet.",
    ),
    Param(
        "preferred_lft",
        example="forever",
        help="IPv6: `forever` (default), or seconds; 0 keeps the node from using it as a source by itself.",
    ),
    Param(
        "check_link_status",
        ParamKind.BOOL,
        default=True,
        example="yes",
        help="An interface without carrier counts as failed.",
    ),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One service address."""

    ip: Address
    prefix: int | None
    nic: str
    label: str
    """Without the interface's name."""
    broadcast: str
    """``+``, ``-`` or an address."""
    announcements: int
    announce_every_s: float
    nodad: bool
    noprefixroute: bool
    preferred_s: int | None
    """None: for ever."""
    check_link: bool

    @property
    def family(self) -> int:
        """AF_INET or AF_INET6, as numbers of the wire."""
        return 2 if self.ip.version == 4 else 10

    def broadcast_for(self, prefix: int) -> str:
        """Return the broadcast address to set, or nothing."""
        if self.ip.version == 6 or self.broadcast == "-" or (self.broadcast == "+" and prefix > 30):
            return ""
        if self.broadcast == "+":
            return str(ipaddress.IPv4Network((self.ip.packed, prefix), strict=False).broadcast_address)
        return self.broadcast

    def label_on(self, interface: str) -> str:
        """Return the full label, or nothing. Raises BadConfig when it is too long."""
        if not self.label:
            return ""
        full = f"{interface}:{self.label}"
        if len(full.encode()) > LABEL_BYTES_MAX:
            raise BadConfig(f"{self.ip}: label {full} is longer than {LABEL_BYTES_MAX} bytes; choose a shorter iflabel")
        return full


def understood(params: Params) -> Wanted:
    """Return what the parameters mean together. Raises BadConfig naming the parameter and what was expected."""
    ip, scope = _address(params.text("ip"))
    nic, _, label = params.text("nic").partition(":")
    wanted = Wanted(
        ip=ip,
        prefix=_prefix(params.text("cidr_netmask"), ip),
        nic=nic or scope,
        label=params.text("iflabel") or label,
        broadcast=_broadcast(params.text("broadcast"), ip),
        announcements=int(params.number("arp_count")),
        announce_every_s=params.number("arp_interval") / 1000,
        nodad=params.flag("nodad"),
        noprefixroute=params.flag("noprefixroute"),
        preferred_s=_lifetime(params.text("preferred_lft"), ip),
        check_link=params.flag("check_link_status"),
    )
    if ip.version == 6 and ip.is_link_local and not wanted.nic:
        raise BadConfig(f"{ip} is a link-local address, which every interface may have; say which one with nic")
    if wanted.nic:
        wanted.label_on(wanted.nic)
    return wanted


def canonical(params: Params) -> str:
    """Return the address alone, so that equal ones compare equal."""
    return str(_address(params.text("ip"))[0])


def from_word(words: Sequence[str]) -> dict[str, str]:
    """Return unparsed parameters for ``addr/mask/iface:label/bcast``; raises ValueError with the form."""
    if len(words) != 1:
        raise ValueError(f"takes one argument, {FORM}, found {len(words)}")
    host, rest = _split(words[0])
    try:
        ip, scope = _address(host)
    except (ValueError, BadConfig):
        raise ValueError(f"{host!r} is no usable address; expected {FORM}") from None
    given = {"ip": str(ip)}
    if scope:
        given["nic"] = scope
    mask, *others = rest or [""]
    if mask:
        try:
            given["cidr_netmask"] = str(_prefix(mask, ip))
        except BadConfig as wrong:
            raise ValueError(f"{wrong}; the form is {FORM}") from None
    for other in others:
        _place(other, ip, given)
    return given


def _split(word: str) -> tuple[str, list[str]]:
    if word.startswith("["):
        host, bracket, tail = word[1:].partition("]")
        if not bracket or (tail and not tail.startswith("/")):
            raise ValueError(f"{word!r}: expected [ADDRESS]/MASK")
        return host, tail.split("/")[1:]
    host, *rest = word.split("/")
    return host, rest


def _place(word: str, ip: Address, given: dict[str, str]) -> None:
    """Take a word behind the mask for a broadcast address or an interface, whichever it is."""
    if not word:
        return
    if word in ("+", "-") or re.fullmatch(r"\d+(\.\d+){3}", word):
        try:
            name, value = "broadcast", _broadcast(word, ip)
        except BadConfig as wrong:
            raise ValueError(str(wrong)) from None
        if name in given:
            raise ValueError(f"two broadcast addresses, {given[name]} and {word}; expected {FORM}")
        given[name] = value
        return
    if "nic" in given:
        raise ValueError(f"two interfaces, {given['nic']} and {word}; expected {FORM}")
    given["nic"], colon, label = word.partition(":")
    if colon:
        given["iflabel"] = label


def _address(text: str) -> tuple[Address, str]:
    ip = ipaddress.ip_address(text)
    scope = ""
    if isinstance(ip, ipaddress.IPv6Address) and ip.scope_id:
        scope = ip.scope_id
        ip = ipaddress.IPv6Address(ip.packed)
    if ip.is_multicast or ip.is_unspecified:
        raise BadConfig(f"{ip} cannot be the address of a service")
    return ip, scope


def _prefix(text: str, ip: Address) -> int | None:
    if not text:
        return None
    most = ip.max_prefixlen
    if re.fullmatch(r"\d{1,3}", text) and 1 <= int(text) <= most:
        return int(text)
    if ip.version == 4 and "." in text:
        # The module would take 0.0.0.255 for a host mask; here it is a mistake.
        for prefix in range(1, 33):
            if str(ipaddress.IPv4Network((0, prefix)).netmask) == text:
                return prefix
    dotted = " or a mask such as 255.255.255.0" if ip.version == 4 else ""
    raise BadConfig(f"{ip}: {text!r} is no netmask; expected a number from 1 to {most}{dotted}")


def _broadcast(text: str, ip: Address) -> str:
    if ip.version == 6 and text not in ("", "+", "-"):
        raise BadConfig(f"{ip}: IPv6 has no broadcast; leave {text!r} out")
    if text in ("", "+", "-"):
        return text or "+"
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise BadConfig(f"{ip}: broadcast {text!r} is no IPv4 address; expected one, `+` or `-`") from None


def _lifetime(text: str, ip: Address) -> int | None:
    if text in ("", "forever"):
        return None
    if not re.fullmatch(r"\d{1,9}", text):
        raise BadConfig(f"{ip}: preferred_lft {text!r} is neither `forever` nor a number of seconds")
    return int(text)
