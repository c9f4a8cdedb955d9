"""Looking at a STONITH device inside the child of one operation: everything that can be asked, and no order."""

import time
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from heartbeat.executor.verdict import one_line
from heartbeat.model.inspection import DETAIL_MAX, Inspection, Look, Trouble
from heartbeat.plugin import (
    AccessDenied,
    BadConfig,
    BadHost,
    NotInstalled,
    ParamKind,
    Params,
    PluginError,
    StonithDevice,
    TimedOut,
    Unreachable,
)

PRODUCT_UUID = Path("/sys/class/dmi/id/product_uuid")
"""SMBIOS type 1 UUID as Linux shows it to root (drivers/firmware/dmi-id.c)."""

LEAST_S = 1.0
"""With less time than this no further question is begun: what is known is told instead."""

_PLACES = (ParamKind.HOST, ParamKind.ADDRESS, ParamKind.PORT, ParamKind.PATH)
"""Kinds of parameters that say where a device is."""

_TROUBLES: tuple[tuple[type[Exception], Trouble], ...] = (
    (Unreachable, Trouble.UNREACHABLE),
    (AccessDenied, Trouble.DENIED),
    (TimedOut, Trouble.SILENT),
    (BadHost, Trouble.HOST),
    (BadConfig, Trouble.PARAMETERS),
    (NotInstalled, Trouble.MISSING),
)


def inspect(
    device: StonithDevice, nodes: Sequence[str], deadline_s: float, *, with_refusals: bool = True
) -> Inspection:
    """Return what the device shows of those nodes that it is meant for. ``deadline_s``: monotonic seconds.

    ``with_refusals``: see, too, whether it would take orders; that may write to its memory what stands there already.

    Asks one thing after the other, each in a session of its own as fencing does; never raises for what a plugin does.
    """
    kind = type(device)
    about = Inspection(
        place=_place(device.settings, kind),
        machine=_machine(),
        worst_off_s=kind.worst_off_with(device.settings),
        can_read_power=kind.can_read_power,
        dies_with_host=kind.dies_with_host,
        test_only=bool(kind.test_only),
        knows_refusals=with_refusals,
        weakness=kind.weakness_with(device.settings)[:DETAIL_MAX],
    )
    try:
        if kind.status is not StonithDevice.status:
            device.status()  # of its own; the other one asks for the hosts, and costs a session
        there = [host.strip().lower() for host in device.hosts()]
        configured = kind.configured_hosts(device.settings)
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is what it shows
        return replace(about, trouble=trouble_of(error), detail=_text(error))
    meant = there if configured is None else [host.lower() for host in configured]
    looks = tuple(_look(device, node, deadline_s, with_refusals) for node in nodes if node in meant)
    return replace(about, looks=looks)


def trouble_of(error: BaseException) -> Trouble:
    """Return what kind of trouble an error is."""
    return next((trouble for kind, trouble in _TROUBLES if isinstance(error, kind)), Trouble.OTHER)


def _look(device: StonithDevice, host: str, deadline_s: float, with_refusal: bool) -> Look:  # noqa: FBT001
    if time.monotonic() + LEAST_S > deadline_s:
        return Look(host, trouble=Trouble.SILENT, detail="not asked: the questions before took all the time")
    began_s = time.monotonic()
    try:
        power = device.power(host).value
    except Exception as error:  # noqa: BLE001 - as above
        return Look(host, took_s=time.monotonic() - began_s, trouble=trouble_of(error), detail=_text(error))
    took_s = time.monotonic() - began_s
    try:
        who = device.identity(host)
        refusal = _refusal(device, host) if with_refusal else ""
    except Exception as error:  # noqa: BLE001 - as above
        return Look(host, power, took_s, trouble_of(error), _text(error))
    names = tuple(name[:DETAIL_MAX] for name in who.names)
    return Look(host, power, took_s, names=names, outlets=who.outlets, machine=who.machine, refusal=refusal)


def _refusal(device: StonithDevice, host: str) -> str:
    try:
        device.may_switch(host)
    except AccessDenied as refusal:
        return _text(refusal)
    return ""


def _place(params: Params, kind: type[StonithDevice]) -> str:
    """Return the parameters that say where it is, but for the one that says whom it switches."""
    hosts = {host.lower() for host in _configured(params, kind)}
    said = [str(params.known[param.name] or "") for param in kind.params if param.kind in _PLACES]
    return " ".join(word for word in said if word and word.lower() not in hosts)[:DETAIL_MAX]


def _configured(params: Params, kind: type[StonithDevice]) -> tuple[str, ...]:
    try:
        return kind.configured_hosts(params) or ()
    except Exception:  # noqa: BLE001 - told as the trouble that it is, when it is asked for
        return ()


def _machine() -> str:
    try:
        return PRODUCT_UUID.read_text(encoding="ascii").strip().lower()
    except (OSError, ValueError):  # not root, no firmware that tells, a container
        return ""


def _text(error: BaseException) -> str:
    name = "" if isinstance(error, PluginError) else f"{type(error).__name__}: "
    text = one_line(f"{name}{error}")
    return text if len(text) <= DETAIL_MAX else text[: DETAIL_MAX - 4] + " ..."
