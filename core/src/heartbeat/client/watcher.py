"""Watching the daemon beside other things: for a process that waits for several descriptors and never for one."""

from pathlib import Path

from heartbeat.client.connection import Connection
from heartbeat.model.status import ClusterStatus
from heartbeat.wire import api

CONNECT_S = 1.0
"""For the connection and the request: a local daemon's queue takes both at once."""


class Watcher:
    """One connection that ``Watch`` made a stream of statuses. Wait until ``fileno`` is readable, then ask for news."""

    def __init__(self, socket_path: Path) -> None:
        """Connect and begin to watch; raises NoDaemon."""
        self._connection = Connection(socket_path, CONNECT_S)
        self._connection.send(api.Watch(), CONNECT_S)

    def fileno(self) -> int:
        return self._connection.fileno()

    def close(self) -> None:
        self._connection.close()

    def ask(self) -> None:
        """Have the status sent although nothing changed: counters and ages go on. Raises NoDaemon."""
        self._connection.send(api.GetStatus(), CONNECT_S)

    def news(self) -> list[ClusterStatus]:
        """Return what has come, oldest first, without waiting. Raises NoDaemon, or Refused, when the daemon is gone."""
        self._connection.take_in()
        found = []
        while self._connection.has_answer():
            answer = self._connection.receive()
            if not isinstance(answer, api.Status):
                self.close()
                raise self._connection.not_understood(f"{type(answer).__name__} is no status")
            found.append(answer.status)
        return found
