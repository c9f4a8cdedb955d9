"""The receiver as a process: in memory, in real time, in the foreground, ended by SIGTERM when that is safe."""

import ctypes
import math
import os
import signal
import threading
import time
from collections.abc import Sequence
from types import FrameType

import click
from heartbeat.plugin import PluginError
from heartbeat.plugin.watchdog import Watchdog, open_watchdog

from heartbeat_stonith_sbd.disk_set import DiskSet
from heartbeat_stonith_sbd.receiver import Node, Receiver, Round

MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4
"""mlockall(2). On fault: five threads would lock their whole stacks otherwise."""
PRIORITY = 1
"""The lowest of SCHED_RR: above everything that has no hurry, below the cluster's own beat."""


def watch(paths: Sequence[str], limit_s: float, node: Node, device: str) -> None:
    """Receive until SIGTERM or SIGINT, and end only in order; raises PluginError when it cannot even begin.

    ``limit_s``: of each access to a disk until the watchdog runs; then a share of its time-out.

    A receiver that cannot end in order goes on: who then kills it has the machine reset.
    """

    def arm(timeout_s: float) -> Watchdog:
        # Linux counts whole seconds: rather too soon than too late.
        return open_watchdog(device, max(1, math.floor(timeout_s)))

    ends = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ends.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    _hurry()  # first: the threads of the disks inherit it
    with DiskSet.opened(paths, limit_s) as disks:
        receiver = Receiver(disks, node, arm)
        receiver.begin()
        click.echo(f"{node.name}: armed, boot {node.boot_id}; a look each {disks.header.interval_s:g} s")
        _rounds(disks, receiver, ends)


def _rounds(disks: DiskSet, receiver: Receiver, ends: threading.Event) -> None:
    last: Round | None = None
    while True:
        found = receiver.round()
        if found is not last:
            click.echo(found.value)  # when something changed; never in each round
            last = found
        if ends.is_set() and found is not Round.DYING:
            ends.clear()
            try:
                receiver.leave()
            except PluginError as problem:
                click.echo(f"does not end: {problem}", err=True)
            else:
                click.echo("left: the watchdog is stopped, and nobody can fence this node by the disks")
                return
        if found is Round.DYING:
            time.sleep(disks.header.interval_s)  # the signal's event would be set for good
        else:
            ends.wait(disks.header.interval_s)


def _hurry() -> None:
    """Lock the memory and become real-time, as far as that is permitted: without it a busy machine may be reset."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT):
        click.echo(f"memory could not be locked: {os.strerror(ctypes.get_errno())}", err=True)
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
    except OSError as wrong:
        click.echo(f"not real-time: {wrong.strerror}", err=True)
