"""Persistent reservations of one disk, by ``sg_persist`` of sg3-utils (SPC-4 5.14; exit statuses: sg3_utils(8)).

What it printed is counted before it is believed, and an exit status of 0 is no proof: some wrong calls end so, too.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from heartbeat.plugin import AccessDenied, PluginError, ResetFailed, TimedOut, Unreachable, Unsupported
from heartbeat.plugin.program import Ended, run_program

REGISTRANTS_ONLY = ("Write Exclusive, registrants only", "Exclusive Access, registrants only")
ALL_REGISTRANTS = ("Write Exclusive, all registrants", "Exclusive Access, all registrants")
"""Types 5 to 8: who is not registered cannot write."""
WRITE_EXCLUSIVE_REGISTRANTS_ONLY = "5"

INVALID, UNSUPPORTED, ATTENTION, ABORTED, FILE, CONFLICT, TIMED_OUT, OS = 5, 9, 6, 11, 15, 24, 33, 50
"""Exit statuses; OS + errno for an error of the operating system."""
EACCES, EPERM, ENOTTY, EINVAL = 13, 1, 25, 22
TRIES = 3
"""A disk tells of a reset, or of a reservation that was preempted, once (unit attention), and does nothing else."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Who holds it, and of which type. ``holder`` is 0 where all registrants do."""

    holder: int
    type_name: str

    @property
    def keeps_strangers_out(self) -> bool:
        return self.type_name in REGISTRANTS_ONLY + ALL_REGISTRANTS


class Persist:
    """One disk through one program. ``limit_s``: of each command, in seconds."""

    def __init__(self, path: str, program: str, limit_s: float) -> None:
        self.path, self._program, self._limit_s = path, program, limit_s

    def registered(self) -> list[int]:
        """Return the registered keys; the same one may stand there several times, once for each path."""
        told = self._ask("-i", "-k")
        found = re.fullmatch(
            r"\s*PR generation=0x[0-9a-f]+, (?:there are NO|(\d+)) registered reservation keys?(?: follows?:)?"
            r"((?:\s+0x[0-9a-f]+)*)\s*",
            told,
        )
        keys = [int(word, 16) for word in found[2].split()] if found else []
        if found is None or len(keys) != int(found[1] or 0):
            raise PluginError(f"{self.path}: {self._name} told its keys in a way that makes no sense: {_line(told)}")
        return keys

    def reservation(self) -> Reservation | None:
        """Return the reservation; None when there is none."""
        told = self._ask("-i", "-r")
        if re.fullmatch(r"\s*PR generation=0x[0-9a-f]+, there is NO reservation held\s*", told):
            return None
        found = re.fullmatch(
            r"\s*PR generation=0x[0-9a-f]+, Reservation follows:\s+Key=0x([0-9a-f]+)\s+"
            r"scope: LU_SCOPE,\s+type: ([^\n]+?)\s*",
            told,
        )
        if found is None:
            raise PluginError(
                f"{self.path}: {self._name} told its reservation in a way that makes no sense: {_line(told)}"
            )
        return Reservation(int(found[1], 16), found[2])

    def register(self, key: int, *, outlives_power_loss: bool) -> None:
        """Register this node's path with a key, whatever was there before."""
        self._ask("-o", "-I", "-S", f"{key:x}", *(["-Z"] if outlives_power_loss else []))

    def unregister(self, key: int) -> None:
        """Take the key of this node's path away."""
        self._ask("-o", "-G", "-K", f"{key:x}", "-S", "0")

    def reserve(self, key: int) -> None:
        """Let nobody write who is not registered."""
        self._ask("-o", "-R", "-T", WRITE_EXCLUSIVE_REGISTRANTS_ONLY, "-K", f"{key:x}")

    def preempt_and_abort(self, own: int, victim: int) -> None:
        """Take away every registration with the victim's key, and end what it has under way."""
        self._ask("-o", "-A", "-T", WRITE_EXCLUSIVE_REGISTRANTS_ONLY, "-K", f"{own:x}", "-S", f"{victim:x}")

    @property
    def _name(self) -> str:
        return Path(self._program).name

    def _ask(self, *words: str) -> str:
        """Run one command and return what it printed. Raises PluginError by its exit status."""
        argv = [self._program, "-n", *words, "-d", self.path]
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
        ended = run_program(argv, environment, timeout_s=self._limit_s)
        for _ in range(TRIES - 1):
            if ended.code != ATTENTION:
                break
            ended = run_program(argv, environment, timeout_s=self._limit_s)
        if ended.code:
            raise self._error(ended)
        return ended.stdout

    def _error(self, ended: Ended) -> PluginError:
        kinds: Sequence[tuple[type[PluginError], Callable[[int], bool], str]] = (
            (ResetFailed, lambda it: it == CONFLICT, "reservation conflict: this node's key is not what the disk has"),
            (
                Unsupported,
                lambda it: it in (INVALID, UNSUPPORTED),
                "it knows no persistent reservations, or not this one",
            ),
            (Unsupported, lambda it: it in (OS + ENOTTY, OS + EINVAL), "it is no SCSI disk"),
            (AccessDenied, lambda it: it in (OS + EACCES, OS + EPERM), "permission denied"),
            (TimedOut, lambda it: it == TIMED_OUT, "it did not answer in time"),
            (Unreachable, lambda it: it == FILE or it > OS, "it cannot be opened"),
        )
        said = _line(ended.stderr) or f"exit status {ended.code}"
        for kind, fits, meaning in kinds:
            if fits(ended.code):
                return kind(f"{self.path}: {meaning} ({said})")
        return PluginError(f"{self.path}: {self._name} failed: {said}")


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
