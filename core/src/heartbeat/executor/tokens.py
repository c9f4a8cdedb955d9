"""Which orders this machine has seen, on disk, so that a late one is refused after a restart of the executor, too.

A file in the run directory, by boot: what an earlier boot saw is over, and with it every process that could still send
an order. It need not outlive a power cut, so nothing is synced.

A file that cannot be read makes it unknown which orders are late. Nothing of a group is started then until a daemon
has told what it has sent: that daemon connected after the file was looked at, so nothing of before can come from it.
Refusing for longer would protect from nothing more, and keep the node's groups down until somebody finds the file.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from heartbeat.executor.ledger import BOOT_ID
from heartbeat.model.operation import Outcome, Result
from heartbeat.model.tokens import GATED, Tokens
from heartbeat.wire.executor import Run

_log = logging.getLogger("heartbeat.executor")

_Token = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""More than this no kernel counts or takes."""


class _File(msgspec.Struct, frozen=True):
    boot_id: str
    tokens: dict[str, _Token]


class KeptTokens:
    """What ``Tokens`` knows, in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._boot_id = BOOT_ID.read_text().strip()
        self.forgot = ""
        """Why it is unknown which orders were seen; empty when it is known."""
        self._tokens = Tokens(self._read())
        self._written = None if self.forgot else self.highest
        if self.forgot:
            _log.error("which orders are late is unknown, nothing is started until a daemon tells: %s", self.forgot)

    @property
    def highest(self) -> dict[str, int]:
        """By group, the highest token seen."""
        return dict(self._tokens.highest)

    def told(self, highest: Mapping[str, int]) -> None:
        """A daemon has connected and says what it has ever sent."""
        self._tokens.raise_to(highest)
        self.forgot = ""
        self._write()

    def objection(self, request: Run) -> Result | None:
        """Return the answer to what must not begin; None when it may."""
        if not _is_gated(request):
            return None
        if self.forgot:
            return Result(Outcome.REFUSED, self.forgot)
        return self._late(request) if self._tokens.is_late(request.group, request.token) else None

    def take(self, request: Run) -> Result | None:
        """Take note of an order that arrived; return the answer when it must not begin, None when it may."""
        objection = self.objection(request)
        if objection or not request.group:
            return objection
        self._tokens.see(request.group, request.token, request.action)
        unwritten = self._write()
        return Result(Outcome.REFUSED, unwritten) if unwritten and _is_gated(request) else None

    def overtaken(self, request: Run) -> Result | None:
        """Return the answer for what has begun and must not count; None when it does."""
        is_over = _is_gated(request) and self._tokens.is_overtaken(request.group, request.token)
        return self._late(request) if is_over else None

    def daemon_left(self) -> None:
        """What it has begun ends, and counts; nothing begins any more by its orders."""
        self._tokens.daemon_left()

    def _late(self, request: Run) -> Result:
        highest = self._tokens.highest.get(request.group, 0)
        late = f"it comes too late: it is of order {request.token}, and its group has had order {highest} here"
        return Result(Outcome.CANCELLED, late)

    def _read(self) -> dict[str, int]:
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=_File)
        except FileNotFoundError:
            return {}  # the first executor of this boot, on a file system that a boot empties
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as wrong:
            self.forgot = f"{self._path} cannot be read ({wrong})"
            return {}
        return dict(kept.tokens) if kept.boot_id == self._boot_id else {}

    def _write(self) -> str:
        """Write what is new; return what went wrong, empty when nothing did."""
        if self._tokens.highest == self._written:
            return ""
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_bytes(msgspec.json.encode(_File(self._boot_id, self._tokens.highest)))
            fresh.rename(self._path)
        except OSError as wrong:
            problem = f"{self._path} cannot be written ({wrong.strerror}): make room, or check its permissions"
            _log.error("%s", problem)
            return problem
        self._written = self.highest
        return ""


def _is_gated(request: Run) -> bool:
    return bool(request.group) and request.action in GATED
