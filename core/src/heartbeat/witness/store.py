"""What the witness granted to each cluster, on disk before anybody is told."""

import hashlib
import sqlite3
from pathlib import Path

import msgspec

from heartbeat.plugin.quorum import Ruling, Tie, Verdict
from heartbeat.plugin.tie_record import TieRecord

_TABLE = """
create table if not exists record (cluster text primary key, body blob not null, digest blob not null) without rowid
"""


class Store:
    """One SQLite file; each grant waits until it is durable."""

    def __init__(self, path: Path) -> None:
        """Open, and make when missing; raises sqlite3.Error."""
        self._db = sqlite3.connect(path, isolation_level=None)
        try:
            self._db.execute("pragma journal_mode=wal")
            self._db.execute("pragma synchronous=full")
            self._db.execute("pragma locking_mode=exclusive")
            self._db.execute(_TABLE)
        except sqlite3.Error:
            self._db.close()
            raise

    def judge(self, tie: Tie) -> Ruling:
        """Return the answer; a grant is stored before. What cannot be read or stored is denied, with the reason."""
        try:
            before = self._read(tie.cluster)
            ruling, after = before.judge(tie)
            if after is not before:
                self._write(tie.cluster, after)
        except (sqlite3.Error, ValueError) as wrong:
            return Ruling(Verdict.DENY, why=f"the witness cannot use its record of {tie.cluster}: {wrong}")
        return ruling

    def forget(self, cluster: str) -> bool:
        """Forget what a cluster was granted; return whether there was anything. Raises sqlite3.Error."""
        return self._db.execute("delete from record where cluster = ?", (cluster,)).rowcount > 0

    def close(self) -> None:
        self._db.close()

    def _read(self, cluster: str) -> TieRecord:
        row = self._db.execute("select body, digest from record where cluster = ?", (cluster,)).fetchone()
        if row is None:
            return TieRecord()
        if _digest(row[0]) != row[1]:
            raise ValueError("it is damaged; once the whole cluster is one view: hb witness --forget")
        return msgspec.msgpack.decode(row[0], type=TieRecord)

    def _write(self, cluster: str, record: TieRecord) -> None:
        body = msgspec.msgpack.encode(record)
        self._db.execute("insert or replace into record values(?, ?, ?)", (cluster, body, _digest(body)))


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()
