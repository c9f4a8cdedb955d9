"""The simulator: a controller with one system, over TLS with a certificate of its own."""

import json
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from heartbeat.testing.certificate import Certificate
from heartbeat.testing.device import Fault
from heartbeat.testing.http_device import HttpDevice, Page
from heartbeat.testing.outlets import RELAY_FAULTS, Outlets, OutletSimulator

HOST, POWER = "node1", 1
LOGIN, SECRET = "operator", "hunter2-hunter2"
MACHINE = "4C4C4544-0042-4DC0-8052-B4C04F4E3332"
ROOT, SYSTEMS = "/redfish/v1/", "/redfish/v1/Systems"
SESSIONS = "/redfish/v1/SessionService/Sessions"
SYSTEM = f"{SYSTEMS}/System.Embedded.1"
RESET = f"{SYSTEM}/Actions/ComputerSystem.Reset"
TYPES = ("On", "ForceOff", "ForceRestart", "GracefulShutdown", "PushPowerButton", "Nmi")
IS_SO_ALREADY = 409

Answered = tuple[int, bytes, Mapping[str, str]]


class RedfishService(OutletSimulator):
    """Answers as an iDRAC 9 does: 204 to an order, 409 to one that finds the system in that state already."""

    faults = frozenset(HttpDevice.FAULTS | RELAY_FAULTS | {Fault.STRANGER})
    hosts_max = 1

    def __init__(self, relays: Outlets | None = None) -> None:
        super().__init__(relays or Outlets([HOST]))
        self._folder = Path(tempfile.mkdtemp(prefix="hb-redfish-"))
        certificate = Certificate(self._folder)
        self.certificate = certificate.path
        self.system: dict[str, Any] = {"UUID": MACHINE}
        """What the system says besides its power and its actions, or in their stead."""
        self.members = [SYSTEM]
        self.orders: list[str] = []
        """Every ResetType that was heard."""
        root = {"Links": {"Sessions": {"@odata.id": SESSIONS}}, "Systems": {"@odata.id": SYSTEMS}}
        pages: dict[str, Page] = {
            f"GET {ROOT}": lambda body: _json(200, root),
            f"GET {ROOT.rstrip('/')}": lambda body: _json(200, root),
            f"GET {SYSTEMS}": lambda body: _json(200, {"Members": [{"@odata.id": it} for it in self.members]}),
            f"GET {SYSTEM}": self._read,
            f"POST {RESET}": self._reset,
            f"POST {SESSIONS}": self._log_in,
        }
        self.web = HttpDevice(pages, (LOGIN, SECRET), frozenset({f"POST {RESET}"}), certificate.server())
        self.web.public = frozenset({f"GET {ROOT}", f"POST {SESSIONS}"})

    def params(self) -> dict[str, str]:
        (host,), port = self.hosts(), str(self.web.port)
        where = {"hostname": host, "ipaddr": "127.0.0.1", "port": port, "ca_file": str(self.certificate)}
        return where | {"login": LOGIN, "password": SECRET}

    def hasty_params(self) -> dict[str, str]:
        return self.params() | {"timeout": "300ms"}

    def misbehave(self, fault: Fault) -> None:
        if fault in RELAY_FAULTS:
            self.relays.fault = fault
        else:
            self.web.misbehave(fault)

    def abandoned(self) -> int:
        return len(self.web.tokens)

    def close(self) -> None:
        self.web.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _read(self, body: bytes) -> Answered:
        reset = {"target": RESET, "ResetType@Redfish.AllowableValues": TYPES}
        power = "On" if self.relays.has_power(POWER) else "Off"
        told = {"@odata.id": SYSTEM, "PowerState": power, "Actions": {"#ComputerSystem.Reset": reset}}
        return _json(200, told | self.system)

    def _reset(self, body: bytes) -> Answered:
        kind = str(json.loads(body)["ResetType"])
        self.orders.append(kind)
        if kind not in ("On", "ForceOff"):
            return _error(400, f"The value '{kind}' for the property ResetType is not simulated.")
        is_on = self.relays.has_power(POWER)
        if is_on == (kind == "On") and not self.relays.fault:
            return _error(IS_SO_ALREADY, f"Unable to complete the operation because the system is {kind} already.")
        if not self.relays.order(POWER, on=kind == "On"):
            return _error(503, "The request failed due to an internal service error.")
        return 204, b"", {}

    def _log_in(self, body: bytes) -> Answered:
        if json.loads(body) != {"UserName": LOGIN, "Password": SECRET}:
            return _error(401, "The login credentials are not right.")
        token, path = secrets.token_hex(16), f"{SESSIONS}/{len(self.web.pages)}"
        self.web.tokens.add(token)
        self.web.pages = {**self.web.pages, f"DELETE {path}": lambda body: self._log_out(token)}
        return 201, b"{}", {"X-Auth-Token": token, "Location": path}

    def _log_out(self, token: str) -> Answered:
        self.web.tokens.discard(token)
        return 204, b"", {}


def _json(status: int, told: Mapping[str, Any]) -> Answered:
    return status, json.dumps(told).encode(), {"Content-Type": "application/json", "ETag": 'W/"1"'}


def _error(status: int, message: str) -> Answered:
    return _json(status, {"error": {"@Message.ExtendedInfo": [{"Message": message}]}})
