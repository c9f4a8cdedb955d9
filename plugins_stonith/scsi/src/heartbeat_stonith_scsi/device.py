"""The device: the victim's key is taken from every disk, in the order of the line, and then looked for."""

import platform
from pathlib import Path

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
    match_host,
)

from heartbeat_stonith_scsi.key import check_keys, key_of
from heartbeat_stonith_scsi.persist import Persist

PROGRAM = "sg_persist"


class Scsi(StonithDevice):
    """Shared disks with SCSI-3 persistent reservations. A node that falls silent is cut from them: nothing that it
    writes arrives any more, also what was on its way.

    That is no power: the node runs on, and its addresses may answer. So this device proves less than *off*, and what
    shares data waits for a device that reads power, or for `hb stonith confirm`; put it in front of one of those.
    Every node has a key and registers it at boot with `hb-scsi join`.
    """

    api = 1
    title = "cut from shared disks by SCSI-3 persistent reservations"
    docs_url = "https://sg.danny.cz/sg/sg3_utils.html"
    can_read_power = False
    gives_power = False
    serialises = True
    """A disk takes one command after the other, and refuses those of a node whose key another one has taken."""
    worst_off_s = 10.0
    """Some commands of milliseconds for each disk; a storage that fails over between its controllers takes seconds."""
    params = (
        Param(
            "disks",
            required=True,
            example="/dev/disk/by-id/wwn-0x6001405a1b2c3d4e",
            aliases=("devices",),
            help="Shared disks, commas between; in the same order on all nodes.",
        ),
        Param(
            "hostlist", ParamKind.HOSTS, required=True, example="node1 node2", help="The nodes: each has a key there."
        ),
        Param("node", help="This node's name in the cluster. Default: that of the machine."),
        Param(
            "timeout", ParamKind.SECONDS, default=5.0, minimum=0.05, maximum=60, unit="s", example="5",
            help="Limit of one command to one disk.",
        ),
        Param("sg_persist", default=PROGRAM, example="/usr/bin/sg_persist", help="The program, of sg3-utils."),
    )  # fmt: skip
    positional = ("disks", "hostlist")

    @classmethod
    def configured_hosts(cls, params: Params) -> tuple[str, ...] | None:
        """Return the list. Raises BadConfig for paths that cannot be, and for two nodes with one key."""
        parse_disks(params.text("disks"))
        check_keys(params.hosts("hostlist"))
        return params.hosts("hostlist")

    def hosts(self) -> list[str]:
        """Return the hosts of the list: on the disks stand keys only."""
        return list(self.settings.hosts("hostlist"))

    def status(self) -> None:
        """Are all disks there, with a reservation, and this node's key on each? Raises PluginError."""
        for disk in self._disks():
            self._check_own(disk)
            _check_reserved(disk)

    def may_switch(self, host: str) -> None:
        """Is the host's key on every disk? One that never registered could not be cut off. Raises PluginError."""
        name = match_host(host, self.hosts())
        for disk in self._disks():
            self._check_own(disk)
            if key_of(name) not in disk.registered():
                raise ResetFailed(f"{disk.path}: {name} has no key there: has hb-scsi join run on it?")

    def power(self, host: str) -> Power:
        """Return UNKNOWN: who is cut from the disks may have power. Raises BadHost."""
        match_host(host, self.hosts())
        return Power.UNKNOWN

    def switch(self, host: str, power: Power) -> None:
        """Cut a host from all disks and look that it is. Raises PluginError when one of them has not done it.

        One disk after the other, and none after the first that refuses: of two nodes that cut each other, the one
        that wins the first disk wins them all.
        """
        name = match_host(host, self.hosts())
        if power is Power.UNKNOWN:
            raise ValueError("a host is switched on or off")
        if power is Power.ON:
            raise Unsupported(f"{name} registers its key by itself when it boots: hb-scsi join")
        if name.lower() == self._own:
            raise ResetFailed(f"{name} is this node: it cannot cut itself off")
        disks = self._disks()
        for disk in disks:
            self._cut(disk, key_of(name))
        for disk in disks:
            self._check_cut(disk, name)

    def _cut(self, disk: Persist, victim: int) -> None:
        self._check_own(disk)
        if victim in disk.registered():
            try:
                disk.preempt_and_abort(key_of(self._own), victim)
            except PluginError:
                if victim in disk.registered():
                    raise  # otherwise its answer was lost, or another node did the same
        if disk.reservation() is None:
            disk.reserve(key_of(self._own))

    def _check_own(self, disk: Persist) -> None:
        """A node that was cut off itself must not register anew to cut off the other one: it comes back by booting."""
        if key_of(self._own) not in disk.registered():
            told = f"{disk.path}: this node's key, {key_of(self._own):#x} of {self._own}, is not registered"
            raise ResetFailed(f"{told}: either hb-scsi join has not run, or this node has been cut off itself")

    def _check_cut(self, disk: Persist, victim: str) -> None:
        self._check_own(disk)
        if key_of(victim) in disk.registered():
            raise ResetFailed(f"{disk.path}: the key of {victim} is still registered")
        _check_reserved(disk)

    @property
    def _own(self) -> str:
        return (self.settings.text("node") or platform.node().partition(".")[0]).lower()

    def _disks(self) -> list[Persist]:
        program, limit_s = self.settings.text("sg_persist"), self.settings.number("timeout")
        return [Persist(path, program, limit_s) for path in parse_disks(self.settings.text("disks"))]


def parse_disks(text: str) -> list[str]:
    """Return the paths of a parameter, blanks or commas between. Raises BadConfig."""
    paths = text.replace(",", " ").split()
    if not paths or len(set(paths)) < len(paths) or not all(path.startswith("/") for path in paths):
        raise BadConfig(
            "disks: expected each disk once, by its absolute path, such as /dev/disk/by-id/wwn-0x6001405a1b2c3d4e"
        )
    for path in paths:
        if Path(path).resolve().name.startswith("dm-"):
            raise BadConfig(
                f"{path} has several paths (device mapper), and sg_persist registers one of them: name each path"
            )
    return paths


def _check_reserved(disk: Persist) -> None:
    held = disk.reservation()
    if held is None:
        raise ResetFailed(f"{disk.path}: there is no reservation: a node without a key can write all the same")
    if not held.keeps_strangers_out:
        raise ResetFailed(f"{disk.path}: the reservation is {held.type_name!r}, which does not keep out who has no key")
