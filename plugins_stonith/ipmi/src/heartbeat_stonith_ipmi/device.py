"""The devices: one baseboard controller, the one host whose board it sits on."""

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, TypeVar

from heartbeat.plugin import (
    BadConfig,
    Identity,
    Param,
    ParamKind,
    Params,
    Power,
    Secret,
    StonithDevice,
    TimedOut,
    Unreachable,
    match_host,
)

from heartbeat_stonith_ipmi.apart import NoResult, apart
from heartbeat_stonith_ipmi.controller import Access, NoAnswer, order, read_machine, read_power

LEVELS = {"operator": 3, "admin": 4, "OPERATOR": 3, "ADMINISTRATOR": 4}
"""As ipmilan and as ipmitool spell them. Chassis control needs an operator (IPMI 2.0, appendix G)."""
LOGIN_BYTES, PASSWORD_BYTES, KG_BYTES = 16, 20, 20
"""IPMI 2.0, sections 22.28, 22.30 and 22.25: a controller cuts what is longer, or refuses it."""
ANSWER_S = 5.0
"""Limit of an order's answer, for which it is sent three times (pyghmi: after 0.5 to 1 s, and a second more each time).

Then its outcome is read in a new session, which a controller that has started anew needs in any case: pyghmi would
log in again by itself, after some 10 s, and give the order once more.
"""
_FOR_OLD_LINES = "Read for the sake of old lines, without effect:"

_Result = TypeVar("_Result")


class IpmiLan(StonithDevice):
    """A baseboard controller over IPMI 2.0 (RMCP+, `lanplus`): iDRAC, iLO, XCC, IMM, Supermicro and others.

    It switches the one host whose board it sits on. A controller that shares its host's power feed dies with it, and
    its silence is then no proof that the host is off: use it together with another device.
    """

    api = 1
    title = "IPMI 2.0 baseboard controller (lanplus)"
    docs_url = "https://www.intel.com/content/www/us/en/products/docs/servers/ipmi/ipmi-home.html"
    params = (
        Param("hostname", ParamKind.HOST, required=True, example="node1", help="The host that it controls."),
        Param("ipaddr", ParamKind.HOST, required=True, example="10.0.0.9", help="Name or address of the controller."),
        Param("port", ParamKind.PORT, default=623, example="623", help="Its UDP port."),
        Param(
            "auth", ParamKind.CHOICE, default="md5", choices=("none", "md2", "md5", "key", "password", "straight"),
            help=f"{_FOR_OLD_LINES} IPMI 2.0 logs in with a keyed hash of what the controller can, SHA-256 or SHA-1.",
        ),
        Param(
            "priv", ParamKind.CHOICE, default="admin", choices=tuple(LEVELS),
            help="Level to ask for; operator is enough, and with some controllers admin is refused.",
        ),
        Param("login", required=True, example="admin", aliases=("userid",), help="User, 16 bytes at most."),
        Param(
            "password", ParamKind.SECRET, required=True, example="secret", aliases=("passwd",),
            help="The user's password, 20 bytes at most.",
        ),
        Param(
            "reset_method", ParamKind.CHOICE, default="power_cycle", choices=("power_cycle", "hard_reset"),
            help=f"{_FOR_OLD_LINES} a reset is off, seen to be off, and on.",
        ),
        Param(
            "interface", ParamKind.CHOICE, default="lanplus", choices=("lan", "lanplus"),
            help=f"{_FOR_OLD_LINES} it is always lanplus; what only does lan is refused.",
        ),
        Param("kg", ParamKind.SECRET, example="0x6b6579", help="Key of the controller itself (Kg), if it has one."),
        Param(
            "passwd_method", ParamKind.CHOICE, default="param", choices=("param", "env", "file"),
            help="With `file`, `password` is the path of the file that holds it, readable by root alone.",
        ),
        Param("ipmitool", ParamKind.PATH, help=f"{_FOR_OLD_LINES} no program is started."),
        Param(
            "timeout", ParamKind.SECONDS, default=20.0, minimum=0.05, maximum=120, unit="s", example="20",
            help="Limit of logging in, one question or order, and logging out; half of it is that of one try.",
        ),
    )  # fmt: skip
    positional: ClassVar[tuple[str, ...]] = (
        "hostname", "ipaddr", "port", "auth", "priv", "login", "password", "reset_method",
    )  # fmt: skip
    worst_off_s = 10.0
    """Two sessions of some ten packets, and a board whose power takes a few seconds to fall."""
    dies_with_host = True

    @classmethod
    def warm(cls) -> None:
        import pyghmi.ipmi.command  # noqa: F401

    @classmethod
    def configured_hosts(cls, params: Params) -> tuple[str, ...] | None:
        """Return the one host. Raises BadConfig for a name or secret that no controller can hold."""
        _fits("login", params.text("login"), LOGIN_BYTES)
        if params.text("passwd_method") != "file":
            _fits("password", params.secret("password").reveal(), PASSWORD_BYTES)
        if params.known["kg"] is not None:
            _check_kg(params.secret("kg"))
        return (params.text("hostname"),)

    def hosts(self) -> list[str]:
        """Return the host, when the controller lets us in and can say whether it has power."""
        self._apart(lambda begin: read_power(self._access()))
        return [self.settings.text("hostname")]

    def power(self, host: str) -> Power:
        """Return what the chassis status says, in a session of its own."""
        match_host(host, [self.settings.text("hostname")])
        return self._apart(lambda begin: read_power(self._access()))

    def switch(self, host: str, power: Power) -> None:
        """Order power down or up: never the orderly shutdown, which a node that hangs would ignore."""
        if power is Power.UNKNOWN:
            raise ValueError("a host is switched on or off")
        match_host(host, [self.settings.text("hostname")])
        self._apart(functools.partial(order, self._access(), power))

    def identity(self, host: str) -> Identity:
        """Return the machine's UUID, if the controller knows it."""
        match_host(host, [self.settings.text("hostname")])
        return Identity(machine=self._apart(lambda begin: read_machine(self._access())))

    def _apart(self, work: Callable[[Callable[[], None]], _Result]) -> _Result:
        """Do it in a process of its own, and anew until `timeout` as long as no answer came and nothing was ordered."""
        access, limit_s = self._access(), self.settings.number("timeout")
        deadline_s = time.monotonic() + limit_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            try:
                return apart(work, min(left_s, limit_s / 2), ANSWER_S)
            except NoAnswer:
                continue
            except NoResult as why:
                if why.is_begun:
                    raise TimedOut(f"{access.place}: no answer to the order: {why}") from None
        told = f"{access.place}: no session by IPMI within {limit_s:g} s (`timeout`)"
        raise Unreachable(f"{told}; is it the controller, and is IPMI over LAN enabled?")

    def _access(self) -> Access:
        settings = self.settings
        return Access(
            settings.text("ipaddr"),
            int(settings.number("port")),
            settings.text("login"),
            _password(settings),
            LEVELS[settings.text("priv")],
            settings.secret("kg") if settings.known["kg"] is not None else None,
        )


class Ipmi(IpmiLan):
    """`ipmilan` with the parameters in the order of `external/ipmi`, whose lines it takes."""

    api = 1
    positional = ("hostname", "ipaddr", "login", "password", "interface")


def _password(settings: Params) -> Secret:
    """Return the password, from its file when it lies in one. Raises BadConfig."""
    password = settings.secret("password")
    if settings.text("passwd_method") != "file":
        return password
    try:
        return Secret(Path(password.reveal()).read_text(encoding="utf-8").partition("\n")[0])
    except (OSError, ValueError) as wrong:
        why = getattr(wrong, "strerror", None) or "it is no text"
        raise BadConfig(f"the file that `password` names (`passwd_method` is file) cannot be read: {why}") from None


def _fits(name: str, text: str, bytes_max: int) -> None:
    if len(text.encode()) > bytes_max:
        raise BadConfig(f"`{name}` has {len(text.encode())} bytes; a controller holds {bytes_max}")


def _check_kg(kg: Secret) -> None:
    text = kg.reveal()
    if not text.startswith("0x"):
        _fits("kg", text, KG_BYTES)
        return
    try:
        bytes.fromhex(text[2:])
    except ValueError:
        raise BadConfig("`kg` begins with 0x and is no hexadecimal number of whole bytes") from None
