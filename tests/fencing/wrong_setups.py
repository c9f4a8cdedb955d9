"""The bank: set-ups that somebody made by mistake, each with the code that finds it and whether a check suffices."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from heartbeat.testing.device import Fault
from heartbeat.testing.ipmi_machine import MACHINE
from heartbeat.testing.outlets import Outlets
from heartbeat.testing.telnet_menu import END, Reply, State, TelnetMenu

from tests.fencing.ground import NODES, Ground, closed_port, line

MAP = "node1=1,node2=2,node3=3"
BARE = ("outlet-1", "outlet-2", "outlet-3")
"""Names that nobody gave: with them only a map says which outlet is whose, and strange names are told as such."""


@dataclass(frozen=True)
class WrongSetup:
    """One mistake."""

    words: str
    make: Callable[[Ground], None]
    codes: frozenset[str]
    """Any of them finds it: a silent device and one that refuses may be the same mistake."""
    by: str
    """``check`` or ``rehearsal``"""
    node: str = "node2"
    """Whom to rehearse."""


BANK: dict[str, WrongSetup] = {}


def wrong(words: str, *codes: str, by: str = "check") -> Callable[[Callable[[Ground], None]], Callable[[Ground], None]]:
    """Enter a set-up into the bank under its function's name."""

    def enter(make: Callable[[Ground], None]) -> Callable[[Ground], None]:
        BANK[make.__name__] = WrongSetup(words, make, frozenset(f"HB-F{code}" for code in codes), by)
        return make

    return enter


# The device is not reached.


@wrong("a wrong port", "001")
def wrong_port(ground: Ground) -> None:
    ground.write("apcmaster", ground.box("apcmaster").params() | {"port": closed_port()})


@wrong("a serial port that is not there", "001")
def no_serial_port(ground: Ground) -> None:
    ground.lines.append("stonith_host * rps10 /dev/ttyS1-not-there node1 0 node2 1 node3 2")


@wrong("another device at the address", "002", "003", "004")
def another_device(ground: Ground) -> None:
    ground.write("baytech", ground.box("wti_nps").params() | {"login": "apc", "timeout": "500ms"})


@wrong("a wrong password", "002")
def wrong_password(ground: Ground) -> None:
    ground.write("apcmaster", ground.box("apcmaster").params() | {"password": "not-that-one"})


@wrong("a password that has expired", "002", "003", "004")
def expired_password(ground: Ground) -> None:
    page = {
        "login": State("Enter Password: ", {"secret": Reply(state="expired")}, unknown=Reply("Invalid\r\n", END)),
        "expired": State("Your password has expired. Enter a new one: ", {}, unknown=Reply(state="expired")),
    }
    menu = ground.stack.enter_context(contextlib.closing(TelnetMenu(page, "login", sessions=9)))
    ground.write("wti_nps", {"ipaddr": "127.0.0.1", "port": str(menu.port), "password": "secret", "timeout": "500ms"})


@wrong("outlets without `outlets=`, so that they become part of the password", "002")
def map_in_the_password(ground: Ground) -> None:
    its = ground.box("apcmaster").params()
    words = (its["ipaddr"], its["login"], its["password"], MAP, f"port={its['port']}")
    ground.lines.append("stonith_host * apcmaster " + " ".join(words))


@wrong("a session that somebody left open", "001", "002", "003", "004")
def session_left_open(ground: Ground) -> None:
    box = ground.box("apcmaster")
    box.misbehave(Fault.BUSY)
    ground.write("apcmaster", box.hasty_params())


@wrong("a device slower than the time-out in its line", "003")
def slower_than_the_timeout(ground: Ground) -> None:
    box = ground.box("apcmastersnmp")
    box.misbehave(Fault.LATE)
    ground.write("apcmastersnmp", box.hasty_params())


@wrong("a wrong community", "003")
def wrong_community(ground: Ground) -> None:
    ground.write("apcmastersnmp", ground.box("apcmastersnmp").hasty_params() | {"community": "not-that-one"})


@wrong("a community that may only read", "021")
def read_only_community(ground: Ground) -> None:
    ground.write("apcmastersnmp", ground.box("apcmastersnmp").hasty_params() | {"community": "public"})


@wrong("the MIB of another firmware", "004")
def another_mib(ground: Ground) -> None:
    ground.write("wti_mpc", ground.box("wti_mpc").params() | {"mib-version": "1"})


@wrong("a device that one node reaches and the others do not", "007")
def reached_from_one_node(ground: Ground) -> None:
    its = ground.box("apcmaster").params()
    ground.write("apcmaster", its)
    # For who has no way there it is as if nobody listened; the file is the same, the wires are not.
    astray = line("apcmaster", its | {"port": closed_port()})
    ground.own = {"node2": [astray], "node3": [astray]}


# The line says something else than was meant.


@wrong("a misspelt type", "005")
def misspelt_type(ground: Ground) -> None:
    ground.write("apcmastre", ground.box("apcmaster").params())


@wrong("a wrong separator between the outlets", "005")
def wrong_separator(ground: Ground) -> None:
    ground.write("apcmaster", ground.box("apcmaster").params() | {"outlets": MAP.replace(",", ";")})


@wrong("one outlet for two nodes", "005")
def one_outlet_for_two(ground: Ground) -> None:
    ground.write("apcmaster", ground.box("apcmaster").params() | {"outlets": "node1=1,node2=2,node3=2"})


@wrong("one outlet for two nodes, in two lines", "015")
def one_outlet_in_two_lines(ground: Ground) -> None:
    its = ground.box("apcmastersnmp").params()
    ground.write("apcmastersnmp", its | {"outlets": "node1=1,node2=2"})
    ground.write("apcmastersnmp", its | {"outlets": "node3=2"})


@wrong("one controller for two nodes", "015")
def one_controller_for_two(ground: Ground) -> None:
    its = ground.box("ipmilan", ("node1",)).params()
    for node in ("node1", "node2"):
        ground.write("ipmilan", its | {"hostname": node})
    ground.own = {"node2": [], "node3": []}  # each of the many sessions takes a process


@wrong("the address of another node's controller", "014")
def controller_of_another(ground: Ground) -> None:
    box = ground.box("ipmilan", ("node2",))
    ground.plug("node1", (box, 1))
    ground.plug("node2")
    ground.write("ipmilan", box.params())
    ground.own = {"node3": []}
    others = {node: f"4c4c4544-0031-3510-8052-b8c04f4a323{NODES.index(node)}" for node in NODES}
    ground.machines = others | {"node1": str(MACHINE)}


@wrong("a controller whose certificate nobody checks", "029")
def anybodys_certificate(ground: Ground) -> None:
    ground.write("redfish", ground.box("redfish", ("node2",)).params() | {"check_certificate": "no"})
    ground.own = {"node2": [], "node3": []}


@wrong("a misspelt node", "005")
def misspelt_node(ground: Ground) -> None:
    ground.write("apcmaster", ground.box("apcmaster").params() | {"outlets": "node1=1,nod2=2,node3=3"})


@wrong("a node that the device has no outlet for", "016")
def forgotten_node(ground: Ground) -> None:
    ground.write("apcmaster", ground.box("apcmaster", ("node1", "spare", "node3")).params())


@wrong("an outlet that the device does not have", "005", "010")
def no_such_outlet(ground: Ground) -> None:
    ground.write("apcmaster", ground.box("apcmaster").params() | {"outlets": "node1=1,node2=2,node3=33"})


@wrong("outlets swapped in the line", "011")
def swapped_in_the_line(ground: Ground) -> None:
    ground.write("apcmaster", ground.box("apcmaster").params() | {"outlets": "node1=2,node2=1,node3=3"})


@wrong("the outlet of a router in the line", "012")
def router_in_the_line(ground: Ground) -> None:
    ground.write("wti_mpc", ground.box("wti_mpc", ("node1", "router", "node3")).params() | {"outlets": MAP})


@wrong("an outlet that feeds nothing and is off", "013")
def unused_outlet(ground: Ground) -> None:
    box = ground.box("apcmastersnmp", ("node1", "outlet-2", "node3"))
    box.turn(2, on=False)
    ground.write("apcmastersnmp", box.params() | {"outlets": MAP})


@wrong("the plug of another unit on the same line", "003", "004")
def plug_of_another_unit(ground: Ground) -> None:
    its = ground.box("rps10").params()
    path = its["serial_to_targets"].split()[0]
    ground.lines.append(f"stonith_host * rps10 {path} node1 0 node2 9 node3 2 ")


@wrong("the same device twice, as a second way", "024")
def same_device_twice(ground: Ground) -> None:
    its = ground.box("apcmaster").params()
    ground.write("apcmaster", its | {"outlets": MAP})
    ground.write("apcmaster", its)


@wrong("a device that only the node itself may use", "016")
def only_for_itself(ground: Ground) -> None:
    box = ground.box("apcmaster")
    for node in NODES:
        number = NODES.index(node) + 1
        ground.write("apcmaster", box.params() | {"outlets": f"{node}={number}"}, node)


@wrong("a device that cannot be asked", "028")
def blind_device(ground: Ground) -> None:
    ground.write("nw_rpc100s", ground.box("nw_rpc100s", ("node1",)).params())


@wrong("a device for tests", "026")
def device_for_tests(ground: Ground) -> None:
    ground.lines.append(f"stonith_host * null {','.join(NODES)}")


# What no question can show.


class _Reboots(Outlets):
    """Switches on again by itself, after some of the world's seconds: the ground's clock says when."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(names)
        self.is_rebooting: set[int] = set()

    def order(self, outlet: int, *, on: bool) -> bool:
        if not on:
            self.is_rebooting.add(outlet)
        return super().order(outlet, on=on)


@wrong("a device that says done and does nothing", "040", by="rehearsal")
def lies(ground: Ground) -> None:
    box = ground.box("apcmastersnmp")
    box.misbehave(Fault.LIES)
    ground.write("apcmastersnmp", box.params())


@wrong("the plugs of two nodes swapped, the names as they should be", "042", by="rehearsal")
def swapped_plugs(ground: Ground) -> None:
    box = ground.box("apcmastersnmp")
    ground.plug("node2", (box, 3))
    ground.plug("node3", (box, 2))
    ground.write("apcmastersnmp", box.params())


@wrong("a node that is plugged in elsewhere", "041", by="rehearsal")
def plugged_in_elsewhere(ground: Ground) -> None:
    box = ground.box("wti_nps")
    ground.plug("node2")
    ground.write("wti_nps", box.params())


@wrong("one of two power supplies forgotten", "041", by="rehearsal")
def forgotten_supply(ground: Ground) -> None:
    first, second = ground.box("apcmaster"), ground.box("apcmaster")
    ground.plug("node2", (first, 2), (second, 2))
    ground.write("apcmaster", first.params())


@wrong("a device that reboots instead of switching off", "043", by="rehearsal")
def reboots(ground: Ground) -> None:
    ground.write("apcmastersnmp", ground.box("apcmastersnmp", relays=_Reboots(NODES)).params())
