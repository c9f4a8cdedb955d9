"""The lab's power switch: what the device plugin ``lab`` speaks to over ``/run/heartbeat-lab/power.sock``.

The protocol, one request and one answer per connection, each a line of text:

    hosts          -> ok node1 node2
    status node1   -> ok on | ok off
    off node1      -> ok            (taken: the node is losing its power now)
    on node1       -> ok            (taken: the node boots)
    anything wrong -> error SENTENCE

The simulated devices (``box.py``) switch by the same words with the relay behind the node's name, ``off node1 1.1``:
what they say of it to their drivers is theirs.

The device can be told to misbehave: ``fail`` answers every order with an error, ``hang`` never answers, ``lie``
acknowledges orders and does nothing, ``slow`` waits before it acts, and answers questions at once meanwhile; a relay
that is slow acts after it was taken at its word.

Orders are carried out one after the other, and an order whose client is gone when its turn comes is dropped: of two
nodes that shoot each other, the one that was slower dies without having shot.
"""

import contextlib
import enum
import os
import select
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from heartbeat.lab.control import LabError
from heartbeat.lab.supplies import Supplies


class Mood(enum.Enum):
    """How the device behaves."""

    OK = "ok"
    FAIL = "fail"
    HANG = "hang"
    LIE = "lie"
    SLOW = "slow"


class Outlet(Protocol):
    """What the switch switches."""

    def off(self) -> float: ...

    def boot(self) -> None: ...

    @property
    def powered(self) -> bool: ...


class PowerSwitch:
    """Serves one socket; a thread per request, so that a slow order holds nobody up."""

    def __init__(
        self, path: Path, outlets: Mapping[str, Outlet], boot_delay_s: float, note: Callable[[str], None]
    ) -> None:
        self._outlets = outlets
        self.supplies = Supplies(())
        self._boot_delay_s = boot_delay_s
        self._note = note
        self._mood = Mood.OK
        self._slow_s = 0.0
        self._of_relays: dict[str, tuple[Mood, float]] = {}
        """Behaviour of single simulated devices; the others go by the common one."""
        self._changed = threading.Condition()
        self._turn = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        path.chmod(0o666)
        self._socket.listen(16)
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def mood(self) -> str:
        return self._mood.value

    def behave(self, mood: Mood, slow_s: float = 0.0, relay: str = "") -> None:
        """Change the behaviour of one simulated device, or of all; a request that hangs is answered when it changes."""
        with self._changed:
            if relay:
                self._of_relays[relay] = mood, slow_s
            else:
                self._mood, self._slow_s = mood, slow_s
                self._of_relays.clear()
            self._changed.notify_all()

    def close(self) -> None:
        """Stop serving."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            line = b""
            while not line.endswith(b"\n") and len(line) < 4096:
                chunk = connection.recv(4096)
                if not chunk:
                    return
                line += chunk
            answer = self.answer(line.decode(errors="replace").split(), lambda: _hung_up(connection))
            connection.sendall(answer.encode() + b"\n")

    def answer(self, words: list[str], is_gone: Callable[[], bool] = lambda: False) -> str:
        """Return the answer to one request, acting on it unless its client ``is_gone`` by then."""
        match words:
            case ["hosts"]:
                self._wait_while_hung()
                return " ".join(["ok", *self._outlets])
            case ["status", host] if host in self._outlets:
                self._wait_while_hung()
                return "ok on" if self._outlets[host].powered else "ok off"
            case [("off" | "on") as order, host] if host in self._outlets:
                with self._turn:
                    mood = self._mood_now()
                    return "error its client is gone" if is_gone() else self._obey(order, host, mood)
            case [order, host, relay] if self.supplies.has(host, relay):
                return self._relay(order, host, relay)
            case [_, host]:
                return f"error there is no outlet for {host}; the lab has {' '.join(self._outlets)}"
        return "error expected: hosts, status HOST, off HOST or on HOST"

    def _relay(self, order: str, host: str, relay: str) -> str:
        """Answer a simulated device about one relay, or turn it."""
        with self._changed:
            self._changed.wait_for(lambda: self._mood_of(relay)[0] is not Mood.HANG)
            mood, slow_s = self._mood_of(relay)
        if order == "status":
            return "ok on" if self.supplies.is_on(host, relay) else "ok off"
        self._note(f"power-{order} {host} {mood.value}")
        if mood is Mood.FAIL:
            return "error the relay does not move"
        if mood is Mood.SLOW:
            threading.Timer(slow_s, self._turn_relay, (order, host, relay)).start()
        elif mood is not Mood.LIE:
            self._turn_relay(order, host, relay)
        return "ok"

    def _mood_of(self, relay: str) -> tuple[Mood, float]:
        return self._of_relays.get(relay, (self._mood, self._slow_s))

    def _turn_relay(self, order: str, host: str, relay: str) -> None:
        with self._turn:
            self.supplies.turn(host, relay, on=order == "on")
            if not self.supplies.feed(host):
                self._outlets[host].off()
            elif order == "on" and not self._outlets[host].powered:
                threading.Timer(self._boot_delay_s, self._boot, (host,)).start()

    def _mood_now(self) -> Mood:
        """Wait as long as the mood demands of an order, and return it."""
        self._wait_while_hung()
        with self._changed:
            if self._mood is Mood.SLOW:
                self._changed.wait_for(lambda: self._mood is not Mood.SLOW, timeout=self._slow_s)
            return self._mood

    def _wait_while_hung(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._mood is not Mood.HANG)

    def _obey(self, order: str, host: str, mood: Mood) -> str:
        self._note(f"power-{order} {host} {mood.value}")
        if mood is Mood.FAIL:
            return f"error the outlet of {host} does not switch (the lab's device was told to fail)"
        if mood is Mood.LIE:
            return "ok"
        if order == "off":
            self._outlets[host].off()
        else:
            # A machine's firmware takes its time too; the device does not wait for it.
            threading.Timer(self._boot_delay_s, self._boot, (host,)).start()
        return "ok"

    def _boot(self, host: str) -> None:
        try:
            self._outlets[host].boot()
        except LabError as wrong:
            self._note(f"boot-failed {host}")
            os.write(2, f"power: {wrong}\n".encode())


def _hung_up(connection: socket.socket) -> bool:
    """Has the client closed its end, or died with its node?"""
    ready = select.poll()
    ready.register(connection, select.POLLRDHUP)
    return bool(ready.poll(0))
