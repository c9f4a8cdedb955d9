"""The device: one controller, one host."""

import contextlib
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING

from heartbeat.plugin import BadConfig, Identity, Param, ParamKind, Params, Power, StonithDevice, match_host

if TYPE_CHECKING:
    from heartbeat_stonith_redfish.service import Service


class Redfish(StonithDevice):
    """A baseboard controller over Redfish: iDRAC 7 and later, iLO 4 and later, XCC, OpenBMC, Supermicro and others.

    It switches one host. A controller that shares its host's power feed dies with it, and its silence is then no proof
    that the host is off: use it together with another device.
    """

    api = 1
    title = "Redfish baseboard controller (iDRAC, iLO, XCC, OpenBMC)"
    docs_url = "https://www.dmtf.org/standards/redfish"
    params = (
        Param("hostname", ParamKind.HOST, required=True, example="node1", help="The host that it controls."),
        Param("ipaddr", ParamKind.HOST, required=True, example="10.0.0.9", help="Name or address of the controller."),
        Param("login", required=True, example="admin", aliases=("username",), help="User with the role Operator."),
        Param("password", ParamKind.SECRET, required=True, example="secret", help="The user's password."),
        Param("port", ParamKind.PORT, default=443, example="443", aliases=("ipport",), help="Its port for HTTPS."),
        Param(
            "systems_uri", example="/redfish/v1/Systems/1",
            help="Path of the host's ComputerSystem; needed when the controller has several.",
        ),
        Param(
            "auth", ParamKind.CHOICE, default="basic", choices=("basic", "session"),
            help="Send name and password with each request, which leaves no session behind; or log in and out.",
        ),
        Param(
            "ca_file", ParamKind.PATH, example="/etc/ha.d/bmc.pem",
            help="Certificates to trust: who signed the controller's, or that itself. Default: those of the system.",
        ),
        Param(
            "check_name", ParamKind.BOOL, default=True, example="yes",
            help="Whether the certificate must name `ipaddr`; `no` is safe with the controller's own in `ca_file`.",
        ),
        Param(
            "check_certificate", ParamKind.BOOL, default=True, example="yes",
            help="`no` trusts any certificate: whoever answers at the address gets the password, and is believed.",
        ),
        Param(
            "timeout", ParamKind.SECONDS, default=10.0, minimum=0.05, maximum=120, unit="s", example="10",
            help="Limit of one answer; a whole conversation may take six times as long.",
        ),
    )  # fmt: skip
    positional = ("hostname", "ipaddr", "login", "password")
    worst_off_s = 15.0
    """Two conversations of three answers, each a second or two from a slow controller, and a board that powers down."""
    dies_with_host = True

    @classmethod
    def warm(cls) -> None:
        import heartbeat_stonith_redfish.system  # noqa: F401

    @classmethod
    def configured_hosts(cls, params: Params) -> tuple[str, ...] | None:
        """Return the one host. Raises BadConfig for a path that is none."""
        path = params.text("systems_uri")
        if path and not path.startswith("/"):
            raise BadConfig(f"`systems_uri` {path!r} is no path on the controller; for example /redfish/v1/Systems/1")
        return (params.text("hostname"),)

    @classmethod
    def weakness_with(cls, params: Params) -> str:
        if params.flag("check_certificate"):
            return ""
        return "check_certificate=no: whoever answers at its address is believed, and gets the password"

    def hosts(self) -> list[str]:
        """Return the host, when the controller lets us in and has a system for it."""
        self.power(self.settings.text("hostname"))
        return [self.settings.text("hostname")]

    def power(self, host: str) -> Power:
        """Return the system's PowerState, read anew."""
        from heartbeat_stonith_redfish.system import read_system

        with self._service(host) as service:
            return read_system(service, self.settings.text("systems_uri")).power

    def switch(self, host: str, power: Power) -> None:
        """Order ForceOff or On, in the conversation in which the system was looked up."""
        from heartbeat_stonith_redfish.system import read_system, reset_system

        if power is Power.UNKNOWN:
            raise ValueError("a host is switched on or off")
        with self._service(host) as service:
            reset_system(service, read_system(service, self.settings.text("systems_uri")), power)

    def identity(self, host: str) -> Identity:
        """Return the machine's UUID, if the controller tells it."""
        from heartbeat_stonith_redfish.system import read_system

        with self._service(host) as service:
            return Identity(machine=read_system(service, self.settings.text("systems_uri")).machine)

    @contextlib.contextmanager
    def _service(self, host: str) -> Iterator["Service"]:
        from heartbeat_stonith_redfish.service import Access, Service

        settings = self.settings
        match_host(host, [settings.text("hostname")])
        access = Access(
            settings.text("ipaddr").strip("[]"),
            int(settings.number("port")),
            settings.text("login"),
            settings.secret("password"),
            self._tls(),
            settings.number("timeout"),
            by_session=settings.text("auth") == "session",
        )
        with Service(access) as service:
            yield service

    def _tls(self) -> ssl.SSLContext:
        settings, file = self.settings, self.settings.text("ca_file")
        try:
            context = ssl.create_default_context(cafile=file or None)
        except OSError as wrong:
            raise BadConfig(f"`ca_file` {file} holds no certificates that can be read: {wrong.strerror}") from None
        context.check_hostname = settings.flag("check_name") and settings.flag("check_certificate")
        if not settings.flag("check_certificate"):
            context.verify_mode = ssl.CERT_NONE
        return context
