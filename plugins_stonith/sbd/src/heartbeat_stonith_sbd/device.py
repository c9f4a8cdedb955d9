"""The device: the order is written to a majority of the disks, and then watched until it can only have been obeyed."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from heartbeat.plugin import (
    BadConfig,
    Param,
    ParamKind,
    Params,
    PluginError,
    Power,
    ResetFailed,
    StonithDevice,
    Unsupported,
    occasion,
)

from heartbeat_stonith_sbd.death import CLOCK_RATE, NOT_FENCED, Death, Finding
from heartbeat_stonith_sbd.disk_set import DiskSet, parse_disks
from heartbeat_stonith_sbd.layout import NAME_MAX, NO_ID, Phase
from heartbeat_stonith_sbd.slot import Slot

MSGWAIT_S, TIMEOUT_S = 10.0, 2.0
LOOK_S = 0.25
"""Longest pause between two looks at a slot."""


class Sbd(StonithDevice):
    """Shared disks, one or three, with a slot for each node. Fencing is a message that a majority of the disks holds.

    The node's receiver (`hb-sbd watch`) looks at its slot on every disk and feeds a watchdog while a majority answers
    and none has a message for it. A node counts as off when it has answered and its watchdog has had the time to
    reset it, or when `msgwait` has passed; never when its receiver was not known to run. It cannot be switched on.
    """

    api = 1
    title = "message in a slot on shared disks, carried out by a watchdog (SBD)"
    docs_url = "https://www.kernel.org/doc/html/latest/watchdog/watchdog-api.html"
    params = (
        Param(
            "disks",
            required=True,
            example="/dev/disk/by-id/wwn-0x5000c500a1b2c3d4",
            aliases=("sbd_device", "devices"),
            help="One shared disk, or three with commas between, made with hb-sbd create; the same on all nodes.",
        ),
        Param(
            "msgwait", ParamKind.SECONDS, default=MSGWAIT_S, minimum=0.1, maximum=600, unit="s", example="10",
            help="How long an order may take, as on the disks or longer: two nodes that race delay by it.",
        ),
        Param(
            "timeout", ParamKind.SECONDS, default=TIMEOUT_S, minimum=0.05, maximum=60, unit="s", example="2",
            help="Limit of one access to a disk. A disk that is slower counts as gone.",
        ),
        Param(
            "set",
            example="0b5c7f4e-5d1b-4b36-9d8e-1f0a4b7a2c11",
            help="Identity of the set, as hb-sbd list shows it. Disks of any other set are refused.",
        ),
    )  # fmt: skip
    positional = ("disks",)
    name_max = NAME_MAX
    resets_itself = True
    gives_power = False
    worst_off_s = CLOCK_RATE * MSGWAIT_S + 2 * TIMEOUT_S
    """A node that is dead does not answer: msgwait passes, and disks may be slow before and after it."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self._deaths: dict[str, Death] = {}

    @classmethod
    def configured_hosts(cls, params: Params) -> tuple[str, ...] | None:
        """Return None: the disks know. Raises BadConfig for paths that cannot be."""
        parse_disks(params.text("disks"))
        if params.text("set"):
            _set_id(params.text("set"))
        return None

    @classmethod
    def worst_off_with(cls, params: Params) -> float:
        return CLOCK_RATE * params.number("msgwait") + 2 * params.number("timeout")

    def hosts(self) -> list[str]:
        """Return who has a slot."""
        with self._opened() as disks:
            named, damaged = disks.slots()
            if damaged:
                raise damaged[0]
            return [slot.state.node for slot in named]

    def may_switch(self, host: str) -> None:
        """Does a receiver read the host's slot that could be relied on? Raises PluginError, saying what is missing."""
        with self._opened() as disks:
            slot = disks.slot(host)
        _check_receiver(host, slot)
        if slot.state.is_weak:
            raise PluginError(f"{host}: its watchdog may stand still together with the machine, and proves nothing")

    def power(self, host: str) -> Power:
        """Return OFF for a life that can only be over, ON for one that has no order to end.

        Waits while time may tell more. Raises PluginError when nothing is proved, saying what is missing.
        """
        with self._opened() as disks:
            slot = disks.slot(host)
            death = self._death_of(slot)
            while (finding := death.look(slot, disks.header)).wait_s:
                slot = self._later(disks, host, finding)
        if finding.power is Power.UNKNOWN:
            raise PluginError(f"{host}: {finding.why}")
        return finding.power

    def switch(self, host: str, power: Power) -> None:
        """Write the order for the host's present life and return when it was answered, or when msgwait has passed."""
        if power is Power.UNKNOWN:
            raise ValueError("a host is switched on or off")
        with self._opened() as disks:
            slot = disks.slot(host)
            if power is Power.ON:
                raise Unsupported(f"sbd cannot switch {host} on: it boots by itself when its watchdog has reset it")
            _check_receiver(host, slot)
            if slot.state.phase is not Phase.DYING and not slot.is_told(slot.state.boot_id):
                disks.write_message(slot.number, slot.order())
                slot = disks.slot(host)
            death = self._death_of(slot)
            while (finding := death.look(slot, disks.header)).wait_s and slot.state.phase is not Phase.DYING:
                slot = self._later(disks, host, finding)

    def _death_of(self, slot: Slot) -> Death:
        """Return what this process has seen of the slot's present life."""
        known = self._deaths.get(slot.state.node)
        if known is None or known.boot_id != slot.state.boot_id:
            known = self._deaths[slot.state.node] = Death(slot.state.boot_id, _heard())
        return known

    @staticmethod
    def _later(disks: DiskSet, host: str, finding: Finding) -> Slot:
        time.sleep(min(LOOK_S, finding.wait_s, disks.header.interval_s))
        return disks.slot(host)

    @contextmanager
    def _opened(self) -> Iterator[DiskSet]:
        settings = self.settings
        paths = parse_disks(settings.text("disks"))
        with DiskSet.opened(paths, settings.number("timeout"), settings.text("set")) as disks:
            if disks.header.msgwait_s > settings.number("msgwait"):
                told = f"{', '.join(paths)}: msgwait is {disks.header.msgwait_s:g} s there"
                raise BadConfig(
                    f"{told}, and {settings.number('msgwait'):g} s here: write msgwait={disks.header.msgwait_s:g}"
                )
            yield disks


def _check_receiver(host: str, slot: Slot) -> None:
    if slot.state.phase in NOT_FENCED:
        raise ResetFailed(f"{host}: {NOT_FENCED[slot.state.phase]}")


def _heard() -> uuid.UUID | None:
    """Return the boot that the cluster means; None by hand, and for a host that it never heard."""
    try:
        heard = uuid.UUID(occasion().host_boot_id)
    except ValueError:
        return None
    return heard if heard != NO_ID else None


def _set_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise BadConfig(f"set: {text!r} is no UUID; hb-sbd list shows it") from None
