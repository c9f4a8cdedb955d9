"""The three directories of a node, and what lies in them. Several nodes live on one machine by naming others."""

import os
from pathlib import Path

import msgspec


class Places(msgspec.Struct, frozen=True):
    """Where one node keeps its configuration, its state and its sockets."""

    config: Path = Path("/etc/ha.d")
    state: Path = Path("/var/lib/heartbeat")
    run: Path = Path("/run/heartbeat")

    @property
    def ha_cf(self) -> Path:
        return self.config / "ha.cf"

    @property
    def haresources(self) -> Path:
        return self.config / "haresources"

    @property
    def authkeys(self) -> Path:
        return self.config / "authkeys"

    @property
    def api_socket(self) -> Path:
        return self.run / "api.sock"

    @property
    def executor_socket(self) -> Path:
        return self.run / "executor.sock"

    @property
    def hold_socket(self) -> Path:
        """Takes the daemon's word, with each beat, until when this node's resources may answer."""
        return self.run / "hold.sock"

    @property
    def pid_file(self) -> Path:
        return self.run / "heartbeat.pid"

    @property
    def state_db(self) -> Path:
        """Incarnation and other small values: synchronous=FULL."""
        return self.state / "state.db"

    @property
    def journal_db(self) -> Path:
        """Decisions and operations: what ``hb journal`` and ``hb why`` read."""
        return self.state / "journal.db"


def places(config: str | None = None, state: str | None = None, run: str | None = None) -> Places:
    """Return the places named by arguments, else by HB_CONFIG, HB_STATE and HB_RUN_DIR, else the defaults."""
    default = Places()
    return Places(
        Path(config or os.environ.get("HB_CONFIG") or default.config),
        Path(state or os.environ.get("HB_STATE") or default.state),
        Path(run or os.environ.get("HB_RUN_DIR") or default.run),
    )
