"""A tie-breaker that asks a directory which all nodes reach, on a server that locks; what was granted lies in it."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heartbeat.plugin import Param, ParamKind, Ruling, Tie, TieBreaker, TieRecord, Verdict
from heartbeat.plugin.tie_record import Grant

LOOK_S = 0.01
"""From one try to get the lock to the next."""


class ToyReferee(TieBreaker):
    """A directory on a server outside of the cluster; one file a cluster, replaced as a whole under a lock."""

    api = 1
    title = "toy referee: a directory that all nodes reach"
    params = (Param("folder", ParamKind.PATH, required=True, example="/net/referee", help="Where the grants lie."),)
    positional = ("folder",)

    def ask(self, tie: Tie, deadline_s: float) -> Ruling:
        """Return what the record of the cluster says; a grant is on the disk before."""
        file = Path(self.settings.text("folder")) / f"{tie.cluster}.json"
        try:
            with _locked(file.parent / "lock", deadline_s):
                before = _read(file)
                ruling, after = before.judge(tie)
                if after is not before:
                    _write(file, after)
        except OSError as wrong:
            return Ruling(Verdict.UNREACHABLE, why=f"{file}: {wrong.strerror or 'no answer in time'}")
        except ValueError as wrong:
            return Ruling(Verdict.DENY, why=f"{file} is damaged: {wrong}")
        if time.monotonic() > deadline_s:
            return Ruling(Verdict.UNREACHABLE, why=f"{file}: it took too long")
        return ruling


@contextmanager
def _locked(lock: Path, deadline_s: float) -> Iterator[None]:
    """Hold the lock for the block. Raises OSError, TimeoutError when somebody else has it for too long."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            if time.monotonic() >= deadline_s:
                raise TimeoutError
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(LOOK_S)
        yield
    finally:
        os.close(descriptor)


def _read(file: Path) -> TieRecord:
    if not file.exists():
        return TieRecord()
    token, newest, grants = json.loads(file.read_text())
    found = tuple(Grant((view[0], view[1]), tuple(members)) for view, members in grants)
    return TieRecord(token, (newest[0], newest[1]), found)


def _write(file: Path, record: TieRecord) -> None:
    """Replace the file as a whole: a reader finds the old or the new one, also after a crash."""
    fresh = file.with_suffix(".new")
    grants = [[grant.view, grant.members] for grant in record.open]
    with fresh.open("w") as stream:
        stream.write(json.dumps([record.token, record.newest, grants]))
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
