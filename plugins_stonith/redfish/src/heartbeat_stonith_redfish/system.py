"""The resource ComputerSystem of a service (DSP0268): which it is, its power, and resetting it."""

from dataclasses import dataclass
from typing import Any

from heartbeat.plugin import BadConfig, PluginError, Power, ResetFailed, TimedOut, Unsupported

from heartbeat_stonith_redfish.service import ROOT, Answer, Service

SYSTEMS = f"{ROOT}Systems"
POWERS = {"Off": Power.OFF, "On": Power.ON, "PoweringOn": Power.ON, "PoweringOff": Power.ON, "Paused": Power.ON}
"""PowerState (DSP0268, Resource): what is on its way out still runs."""
RESETS = {Power.OFF: ("ForceOff",), Power.ON: ("On", "ForceOn")}
"""ResetType (DSP0268, Resource), the first that a system allows; never the graceful one, which a hung node ignores."""
RESET = "#ComputerSystem.Reset"
IN_THIS_STATE_ALREADY = (400, 409)
"""Statuses with which services refuse to switch off what is off."""
WANTS_ETAG = (412, 428)
"""Precondition failed, or required (RFC 9110, RFC 6585): what is changed must be named as it was read."""


@dataclass(frozen=True, slots=True)
class System:
    """One system as it was read a moment ago."""

    path: str
    power: Power
    target: str
    """Where its resets are posted to; empty when it has none."""
    allowed: tuple[str, ...]
    """The types of reset that it names; empty when it names none."""
    machine: str
    """Its UUID, as SMBIOS has it; empty when it tells none."""
    etag: str


def read_system(service: Service, given: str) -> System:
    """Read the system at a path, or the only one that there is when the path is empty. Raises PluginError."""
    path = given or _only_one(service)
    answer = service.get(path)
    body = answer.body
    if "PowerState" not in body:
        raise BadConfig(f"{service.place}: {path} has no PowerState, so it is no computer system; check `systems_uri`")
    reset = _inside(_inside(body, "Actions"), RESET)
    allowed = reset.get("ResetType@Redfish.AllowableValues")
    return System(
        path,
        POWERS.get(str(body["PowerState"]), Power.UNKNOWN),
        service.own(reset["target"]) if "target" in reset else "",
        tuple(map(str, allowed)) if isinstance(allowed, list) else (),
        str(body.get("UUID") or "").lower(),
        answer.headers.get("etag", ""),
    )


def reset_system(service: Service, system: System, power: Power) -> None:
    """Order it. Raises PluginError; TimedOut when nobody knows whether it was taken."""
    kind = next((it for it in RESETS[power] if not system.allowed or it in system.allowed), "")
    if not system.target or not kind:
        allowed = ", ".join(system.allowed) or "none"
        raise Unsupported(f"{service.place}: {system.path} has no reset {RESETS[power][0]}; it allows {allowed}")
    answer = _post(service, system, kind)
    if answer.is_good:
        return
    if answer.status in IN_THIS_STATE_ALREADY and read_system(service, system.path).power is power:
        return
    raise ResetFailed(f"{service.place} refuses {kind} with status {answer.status}: {answer.words}")


def _post(service: Service, system: System, kind: str) -> Answer:
    order = {"ResetType": kind}
    try:
        answer = service.ask("POST", system.target, order)
        if answer.status in WANTS_ETAG and system.etag:
            answer = service.ask("POST", system.target, order, {"If-Match": system.etag})
    except PluginError as wrong:
        if type(wrong) is not PluginError:
            raise
        raise TimedOut(f"no answer to {kind}: {wrong}") from None
    return answer


def _only_one(service: Service) -> str:
    members = service.get(SYSTEMS).body.get("Members")
    paths = [_inside({"": it}, "").get("@odata.id") for it in members] if isinstance(members, list) else []
    if not paths or not all(paths):
        raise PluginError(f"{service.place} tells of no system at {SYSTEMS}; give `systems_uri`")
    if len(paths) > 1:
        there = ", ".join(map(str, paths))
        raise BadConfig(f"{service.place} has {len(paths)} systems: say which is this host, `systems_uri`, of {there}")
    return service.own(paths[0])


def _inside(body: Any, name: str) -> Any:
    """Return an object within an object; an empty one when it is not there, or is something else."""
    value = body.get(name)
    return value if isinstance(value, dict) else {}
