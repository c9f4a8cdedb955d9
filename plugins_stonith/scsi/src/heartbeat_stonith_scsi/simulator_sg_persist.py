"""``sg_persist`` for a simulated disk: arguments, output and exit statuses of sg3-utils 1.46, rules of SPC-4 5.14.

Run as a program. ``-d FOLDER/NODE/DISK``: the disk FOLDER/DISK.json, seen from NODE, whose path (I_T nexus) counts.
A fault is a word in FOLDER/fault; FOLDER/orders gets a line for each command that changes something.
"""

import fcntl
import getopt
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

TYPES = {
    1: "Write Exclusive", 3: "Exclusive Access", 5: "Write Exclusive, registrants only",
    6: "Exclusive Access, registrants only", 7: "Write Exclusive, all registrants",
    8: "Exclusive Access, all registrants",
}  # fmt: skip
SYNTAX, CONFLICT, ABORTED, ATTENTION, INVALID_OPCODE, OS = 1, 24, 11, 6, 9, 50
SLOW_S, LATE_S = 0.05, 0.8


class Status(Exception):
    """The command ends with it."""


class Disk:
    """The reservations of one logical unit: keys by nexus, the holder's nexus and type."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.keys: dict[str, int] = state.get("keys", {})
        self.generation: int = state.get("generation", 0)
        self.holder: str | None = state.get("holder")
        self.type: int = state.get("type", 0)

    def state(self) -> dict[str, Any]:
        return {"keys": self.keys, "generation": self.generation, "holder": self.holder, "type": self.type}

    def may_write(self, nexus: str) -> bool:
        return self.holder is None or nexus in self.keys

    def register(self, nexus: str, own: int | None, new: int) -> None:
        """``own``: the key that must be the present one; None ignores it (5.14.7)."""
        if own is not None and self.keys.get(nexus, 0) != own:
            raise Status(CONFLICT)
        self.generation += 1
        if new:
            self.keys[nexus] = new
            return
        self.keys.pop(nexus, None)
        if self.holder == nexus:
            self.holder = None  # released with its holder's registration (5.14.11.2)

    def reserve(self, nexus: str, own: int, kind: int) -> None:
        self._must_be(nexus, own)
        if self.holder not in (None, nexus) or (self.holder == nexus and kind != self.type):
            raise Status(CONFLICT)
        self.holder, self.type = nexus, kind

    def preempt(self, nexus: str, own: int, victim: int, kind: int) -> None:
        self._must_be(nexus, own)
        lost = [other for other, key in self.keys.items() if key == victim]
        if not lost:
            raise Status(CONFLICT)
        self.generation += 1
        for other in lost:
            if other != nexus:
                del self.keys[other]
        if self.holder in lost:
            self.holder, self.type = nexus, kind

    def _must_be(self, nexus: str, own: int) -> None:
        if self.keys.get(nexus) != own:
            raise Status(CONFLICT)

    def told_keys(self) -> str:
        count, head = len(self.keys), f"  PR generation={self.generation:#x}, "
        if not count:
            return head + "there are NO registered reservation keys\n"
        follow = (
            "1 registered reservation key follows:" if count == 1 else f"{count} registered reservation keys follow:"
        )
        return head + follow + "\n" + "".join(f"    {key:#x}\n" for key in self.keys.values())

    def told_reservation(self) -> str:
        head = f"  PR generation={self.generation:#x}, "
        if self.holder is None:
            return head + "there is NO reservation held\n"
        key = 0 if self.type in (7, 8) else self.keys[self.holder]
        return f"{head}Reservation follows:\n    Key={key:#x}\n    scope: LU_SCOPE,  type: {TYPES[self.type]}\n"


def main(words: list[str]) -> int:
    """Carry out one command; return the exit status."""
    try:
        options, rest = getopt.getopt(words, "nioykrsGIRAPCLZT:K:S:d:")
    except getopt.GetoptError:
        return SYNTAX
    given = dict(options)
    what = [word for word in given if word in ("-k", "-r", "-G", "-I", "-R", "-A")]
    path = Path(given.get("-d") or (rest or [""])[0])
    if len(what) != 1 or not path.name:
        return SYNTAX
    is_order = "-o" in given
    folder, nexus = path.parent.parent, path.parent.name
    fault = (folder / "fault").read_text() if (folder / "fault").exists() else ""
    status = _missing(folder, path, fault)
    if status:
        return status
    if is_order and fault in ("DENIES", "LIES", "LOSES_ORDER"):
        if fault == "LOSES_ORDER":
            (folder / "fault").unlink()
        return {"DENIES": CONFLICT, "LIES": 0, "LOSES_ORDER": ABORTED}[fault]
    with (folder / f"{path.name}.json").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        disk = Disk(json.load(file))
        try:
            told = _do(disk, nexus, what[0], given)
        except Status as status_of:
            print(f"PR out ({what[0]}): Reservation conflict", file=sys.stderr)
            return int(status_of.args[0])
        file.seek(0)
        file.truncate()
        json.dump(disk.state(), file)
    if is_order:
        with (folder / "orders").open("a") as orders:
            orders.write(f"{path.name} {' '.join(words)}\n")
        if fault == "HANGS_UP":
            (folder / "fault").unlink()
            return ABORTED
    sys.stdout.write(_spoilt(told, fault))
    return 0


def _missing(folder: Path, path: Path, fault: str) -> int:
    time.sleep({"TRICKLES": SLOW_S, "LATE": LATE_S, "SILENT": 3600}.get(fault, 0))
    number = {"UNREACHABLE": 6, "REFUSES_LOGIN": 13}.get(fault, 0)  # ENXIO, EACCES
    number = number or (0 if (folder / f"{path.name}.json").exists() else 2)
    if number:
        print(f"sg_persist: error opening file {path} (rw): {os.strerror(number)}", file=sys.stderr)
        return OS + number
    return INVALID_OPCODE if fault == "unsupported" else 0


def _do(disk: Disk, nexus: str, what: str, given: dict[str, str]) -> str:
    own, other = int(given.get("-K", "0"), 16), int(given.get("-S", "0"), 16)
    kind = int(given.get("-T", "0"))
    match what:
        case "-k":
            return disk.told_keys()
        case "-r":
            return disk.told_reservation()
        case "-I":
            disk.register(nexus, None, other)
        case "-G":
            disk.register(nexus, own, other)
        case "-R":
            disk.reserve(nexus, own, kind)
        case "-A":
            disk.preempt(nexus, own, other, kind)
    return ""


def _spoilt(told: str, fault: str) -> str:
    match fault:
        case "GARBAGE":
            return "\x07\x1b[2J 0x4842 ???\n"
        case "CUT_OFF" | "CLOSES":
            return told[: len(told) // 2]
        case "BREAKS_OFF":
            return told.rpartition("    ")[0]
        case "OFF_TOPIC":
            return "  PR generation=0x9, there is NO reservation held\n"
    return told


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
