"""The client: one method for each thing that the daemon can be asked."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from heartbeat.client.connection import Connection
from heartbeat.client.errors import Refused
from heartbeat.model.status import ClusterStatus
from heartbeat.wire import api

ANSWER_S = 5.0
"""How long a question may stay unanswered. Ours: far above the slowest beat, and a person's patience."""

GRACE_S = 10.0
"""Added to the time that a long request gives the daemon, so that the daemon's own answer comes first."""

REHEARSAL_S = 1200.0
"""Between two words about a rehearsal: the longest is a machine that boots."""

OnProgress = Callable[[str], None]


def connect(socket_path: Path | str, timeout_s: float = ANSWER_S) -> "Client":
    """Return a client of the daemon at ``socket_path`` (``places().api_socket``); raises NoDaemon."""
    return Client(Connection(Path(socket_path), timeout_s), timeout_s)


class Client:
    """Asks one daemon, one thing at a time. Not for several threads at once. Every method may raise NoDaemon."""

    def __init__(self, connection: Connection, timeout_s: float) -> None:
        self._connection = connection
        self._timeout_s = timeout_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; what was asked for goes on."""
        self._connection.close()

    def status(self) -> ClusterStatus:
        """Return what is true now."""
        self._connection.send(api.GetStatus(), self._timeout_s)
        return self._status()

    def watch(self) -> Iterator[ClusterStatus]:
        """Yield what is true now and then after each change, until the daemon ends (NoDaemon).

        The connection is good for nothing else afterwards.
        """
        self._connection.send(api.Watch(), None)
        while True:
            yield self._status()

    def standby(self, which: str = "all", on_progress: OnProgress | None = None, timeout_s: float = 120.0) -> api.Done:
        """Give groups away (``all``, ``local``, ``foreign``); return how it ended. Raises Refused."""
        return self._long(api.Standby(which, timeout_s), timeout_s, on_progress)

    def takeover(self, which: str = "all", on_progress: OnProgress | None = None, timeout_s: float = 120.0) -> api.Done:
        """Take groups over (``all``, ``local``, ``foreign``); return how it ended. Raises Refused."""
        return self._long(api.Takeover(which, timeout_s), timeout_s, on_progress)

    def stop(self, on_progress: OnProgress | None = None, timeout_s: float = 300.0) -> api.Done:
        """Have the node leave in order; return how it ended. Not ``good``: the daemon stays. Raises Refused."""
        return self._long(api.Stop(timeout_s), timeout_s, on_progress)

    def confirmations(self) -> tuple[api.OpenConfirmation, ...]:
        """Return the nodes that a person is asked to confirm as off."""
        self._connection.send(api.ConfirmRequests(), self._timeout_s)
        answer = self._connection.receive()
        if not isinstance(answer, api.Confirmations):
            raise self._astray(answer)
        return answer.open

    def confirm(self, node: str, request: int, on_progress: OnProgress | None = None) -> api.Done:
        """Say, as a person, that a node is off. ``request`` is the open request's id. Raises Refused."""
        return self._long(api.Confirm(node, request), self._timeout_s, on_progress)

    def check_devices(self, on_progress: OnProgress | None = None, timeout_s: float = 90.0) -> api.Checked:
        """Have every member look at its STONITH devices; return what they showed. Each device may take ``timeout_s``.

        Raises Refused when nobody looks now, with the reason.
        """
        self._connection.send(api.CheckDevices(), timeout_s + GRACE_S)
        while isinstance(answer := self._connection.receive(), api.Progress):
            if on_progress is not None:
                on_progress(answer.text)
        if isinstance(answer, api.Done):
            raise Refused(answer.text)
        if not isinstance(answer, api.Checked):
            raise self._astray(answer)
        return answer

    def rehearse(
        self,
        node: str,
        window_s: float,
        date: str,
        operator: str = "",
        device: str = "",
        off_for_s: float = 10.0,
        on_progress: OnProgress | None = None,
    ) -> api.Done:
        """Have a node switched off for a trial, and on again; return how it ended. Raises Refused.

        ``window_s``: for how long from now it may be done. ``date`` and ``operator`` go into every node's journal.
        """
        request = api.Rehearse(node, window_s, date, operator, device, off_for_s)
        return self._long(request, REHEARSAL_S, on_progress)

    def _status(self) -> ClusterStatus:
        answer = self._connection.receive()
        if not isinstance(answer, api.Status):
            raise self._astray(answer)
        return answer.status

    def _long(self, request: api.Request, timeout_s: float, on_progress: OnProgress | None) -> api.Done:
        self._connection.send(request, timeout_s + GRACE_S)
        while isinstance(answer := self._connection.receive(), api.Progress):
            if on_progress is not None:
                on_progress(answer.text)
        if not isinstance(answer, api.Done):
            raise self._astray(answer)
        return answer

    def _astray(self, answer: api.Answer) -> Exception:
        self.close()
        return self._connection.not_understood(f"{type(answer).__name__} is no answer to that")
