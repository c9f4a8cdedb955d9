"""One conversation with a baseboard controller over RMCP+, by pyghmi: log in, ask or order, log out.

Numbers are those of the IPMI 2.0 specification. pyghmi never proposes cipher suite 0, under which anybody is let in.
"""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from heartbeat.plugin import AccessDenied, PluginError, Power, ResetFailed, Secret, TimedOut, Unreachable

from heartbeat_stonith_ipmi.guid import machine_of

CHASSIS, STATUS, CONTROL = 0x00, 0x01, 0x02
"""NetFn and commands of section 28."""
APPLICATION, SYSTEM_GUID = 0x06, 0x37
"""NetFn and command of section 22.14."""
ORDERS = {Power.OFF: 0, Power.ON: 1}
"""Table 28-4: power down, at once and not by asking the operating system; power up."""
POWER_IS_ON = 0x01
"""Table 28-3, first byte."""
STATUS_BYTES = 3
NODE_BUSY, NO_PRIVILEGE, NOT_IN_THIS_STATE, NO_ANSWER = 0xC0, 0xD4, 0xD5, 0xFFFF
"""Completion codes of table 5-2; the last is pyghmi's own."""
BUSY_PAUSES_S = (0.5, 1.0, 0.0)
"""After each answer that it is busy, which it is for a second or two after an order; the last ends the trying."""

_KEPT_OUT = ("password", "unauthorized", "username", "role", "privilege", "integrity", "kg")
"""Words by which pyghmi tells that the controller, or we, did not accept the other (table 13-15)."""


class NoAnswer(Unreachable):
    """Nothing came back, or too little of it: a network that loses packets makes pyghmi give up after two logins."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where a controller is, and who we are there."""

    host: str
    port: int
    login: str
    password: Secret
    level: int
    """Privilege to ask for: 3 operator, 4 administrator (section 6.8)."""
    kg: Secret | None = None
    """The key of the controller itself; None when it has none."""

    @property
    def place(self) -> str:
        return f"{self.host} port {self.port}"


def read_power(access: Access) -> Power:
    """Log in and ask. Raises PluginError."""
    with _session(access) as command:
        return _power(command, access)


def read_machine(access: Access) -> str:
    """Log in and return the UUID of the machine; empty when the controller does not know it. Raises PluginError."""
    with _session(access) as command:
        told = command.raw_command(netfn=APPLICATION, command=SYSTEM_GUID)
        return "" if told["code"] else machine_of(bytes(told["data"]))


def order(access: Access, power: Power, begin: Callable[[], None]) -> None:
    """Log in, call ``begin`` and order it. Raises PluginError; TimedOut when nobody knows the outcome."""
    with _session(access) as command:
        begin()
        told = _ask(command, CONTROL, [ORDERS[power]])
        match told["code"]:
            case 0:
                return
            case code if code == NO_ANSWER:
                raise TimedOut(f"{access.place}: no answer to the order {power.value}")
            case code if code == NO_PRIVILEGE:
                raise AccessDenied(f"{access.place}: {access.login} may not switch the power; check `priv`")
            case code if code == NOT_IN_THIS_STATE and _power(command, access) is power:
                return
            case code:
                raise ResetFailed(f"{access.place} refuses the order {power.value}: {_words(told)} (code {code:#x})")


def _power(command: Any, access: Access) -> Power:
    told = _ask(command, STATUS, [])
    if told["code"] or len(told["data"]) < STATUS_BYTES:
        raise PluginError(f"{access.place} does not say whether the power is on: {_words(told)}")
    return Power.ON if told["data"][0] & POWER_IS_ON else Power.OFF


def _ask(command: Any, number: int, data: list[int]) -> Any:
    """Return code and data. One that is busy has not done what it was told, and is asked again."""
    for pause_s in BUSY_PAUSES_S:
        told = command.raw_command(netfn=CHASSIS, command=number, data=data)
        if told["code"] != NODE_BUSY:
            break
        time.sleep(pause_s)
    return told


@contextlib.contextmanager
def _session(access: Access) -> Iterator[Any]:
    """Yield pyghmi's command, logged in; log out whatever happens, for a controller has few sessions."""
    from pyghmi.exceptions import IpmiException
    from pyghmi.ipmi.command import Command

    try:
        kg = access.kg.reveal().encode() if access.kg else None
        who = {"userid": access.login, "password": access.password.reveal()}
        command = Command(bmc=access.host, port=access.port, kg=_bytes(kg), privlevel=access.level, **who)
    except socket.gaierror as wrong:
        raise Unreachable(f"{access.host} is not known: {wrong.strerror}") from None
    except IpmiException as wrong:
        raise _not_let_in(access, str(wrong)) from None
    except (TypeError, ValueError, IndexError):  # what pyghmi makes of packets that only resemble IPMI 2.0
        raise PluginError(f"{access.place} answers, but speaks no IPMI 2.0 (RMCP+, lanplus)") from None
    try:
        yield command
    except IpmiException as wrong:
        raise TimedOut(f"{access.place} stopped answering: {_or(str(wrong), 'the session is void')}") from None
    finally:
        with contextlib.suppress(Exception):
            command.ipmi_session.logout()


def _not_let_in(access: Access, told: str) -> PluginError:
    if "insufficient resources" in told.lower():
        return Unreachable(f"{access.place} has no session free: others are logged in, or hung up within a minute")
    if any(word in told.lower() for word in _KEPT_OUT):
        return AccessDenied(
            f"{access.place} does not let {access.login} in: {told}; check `login`, `password`, `priv` and `kg`"
        )
    if told in ("", "None", "timeout", "Session no longer connected"):
        return NoAnswer(f"{access.place}: no answer by IPMI")
    return PluginError(f"{access.place} opens no session: {told}")


def _bytes(kg: bytes | None) -> bytes | None:
    """Return a key that may be written in hexadecimal, 0x..., as it goes into the computation."""
    return bytes.fromhex(kg[2:].decode()) if kg and kg.startswith(b"0x") else kg


def _words(told: Any) -> str:
    return _or(str(told.get("error", "")), "it does not say why")


def _or(told: str, otherwise: str) -> str:
    return otherwise if told in ("", "None") else told
