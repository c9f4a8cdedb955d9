"""The device: three questions of one line each over a unix socket."""

import socket
from typing import ClassVar

from heartbeat.plugin import (
    BadHost,
    Param,
    ParamKind,
    PluginError,
    Power,
    ResetFailed,
    StonithDevice,
    TimedOut,
    Unreachable,
)

ANSWER_MAX = 4096
"""Longest answer accepted, bytes; a lab of 64 nodes stays below."""


class Lab(StonithDevice):
    """The power switch of a lab. Each call is one connection, one line there and one line back."""

    api = 1
    title = "power switch of a cluster in namespaces (hb lab)"
    test_only = "it switches namespaces of this machine, not machines"
    params = (
        Param("hostlist", ParamKind.HOSTS, required=True, example="node1 node2", help="nodes that it switches"),
        Param(
            "socket",
            ParamKind.PATH,
            default="/run/heartbeat-lab/power.sock",
            example="/run/heartbeat-lab/power.sock",
            help="the lab's power socket, as seen from inside a node",
        ),
        Param(
            "timeout",
            ParamKind.SECONDS,
            default=5.0,
            minimum=0.05,
            maximum=60,
            unit="s",
            example="5",
            help="how long the device may take for one answer",
        ),
    )
    positional = ("hostlist", "socket")
    worst_off_s: ClassVar[float] = 1.0
    """A namespace with everything in it is gone within some milliseconds; a loaded machine may take longer."""
    serialises: ClassVar[bool] = True
    """The switch takes one order after the other, and drops that of a node which was switched off meanwhile."""

    def hosts(self) -> list[str]:
        """Return the nodes of ``hostlist`` that the lab really has an outlet for. None at all is an error."""
        outlets = {outlet.lower() for outlet in self._ask("hosts")}
        found = [host for host in self.settings.hosts("hostlist") if host.lower() in outlets]
        if not found:
            raise PluginError(f"lab: {self._path} lists no node of hostlist; is it the socket of this lab?")
        return found

    def power(self, host: str) -> Power:
        match self._ask("status", host):
            case ["on"]:
                return Power.ON
            case ["off"]:
                return Power.OFF
        raise PluginError(f"lab: {self._path} answered what is no state of {host}")

    def switch(self, host: str, power: Power) -> None:
        if power is Power.UNKNOWN:
            raise ValueError("a host is switched on or off")
        if self._ask(power.value, host):
            raise PluginError(f"lab: {self._path} answered an order for {host} with more than ok")

    @property
    def _path(self) -> str:
        return self.settings.text("socket")

    def _ask(self, order: str, host: str = "") -> list[str]:
        """Send one order and return the words after ``ok``. Raises PluginError, naming the socket or the host."""
        line = order
        if host or order != "hosts":
            line = f"{order} {self._outlet(host)}"
        answer = self._exchange(self._path, line)
        status, _, text = answer.rstrip("\n").partition(" ")
        if status == "error":
            raise ResetFailed(f"lab: {line!r} refused: {text}")
        if not answer.endswith("\n") or status != "ok":
            raise PluginError(f"lab: {self._path} answered {answer[:40]!r} to {line!r}; is it the socket of hb lab?")
        return text.split()

    def _outlet(self, host: str) -> str:
        """Return the host as the lab writes it: in lower case."""
        known = {name.lower() for name in self.settings.hosts("hostlist")}
        if host.lower() not in known:
            raise BadHost(f"lab: {host!r} is not in hostlist ({' '.join(sorted(known))})")
        return host.lower()

    def _exchange(self, path: str, line: str) -> str:
        timeout_s = self.settings.number("timeout")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            try:
                connection.connect(path)
                connection.sendall(line.encode() + b"\n")
                answer = b""
                while not answer.endswith(b"\n") and len(answer) < ANSWER_MAX:
                    chunk = connection.recv(ANSWER_MAX)
                    if not chunk:
                        break
                    answer += chunk
            except TimeoutError:
                raise TimedOut(f"lab: no answer to {line!r} from {path} within {timeout_s:g} s") from None
            except OSError as wrong:
                raise Unreachable(f"lab: {path}: {wrong.strerror}; is this a node of hb lab?") from None
        return answer.decode(errors="replace")
