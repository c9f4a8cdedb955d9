"""A door to relays, for a program that plays a device: it is a process of its own, and the relays live in this one.

>>> import subprocess, tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     with contextlib.closing(RelayDoor(Path(folder), Outlets(["node1"]))) as door:
...         script = door.function + "relays list; relays order 1 off; relays state 1"
...         subprocess.run(["sh", "-c", script], capture_output=True, text=True).stdout.split()
['1,node1', 'done', 'off']
"""

import contextlib
import shlex
import socket
import sys
import threading
from pathlib import Path

from heartbeat.testing.outlets import Outlets

_CLIENT = (
    "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
    "s.sendall(' '.join(sys.argv[2:]).encode()); s.shutdown(socket.SHUT_WR); print(s.makefile().read(), end='')"
)


class RelayDoor:
    """Answers what is asked at a socket in ``folder``.

    ``list``: a line NUMBER,NAME for each outlet. ``state NUMBER``: ``on`` or ``off``, the truth.
    ``order NUMBER on|off``: ``done``, or ``refused``; what ``done`` is worth is the relays' affair.
    """

    def __init__(self, folder: Path, relays: Outlets) -> None:
        self.path = folder / "relays"
        self._relays = relays
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(self.path))
        self._socket.listen(16)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def function(self) -> str:
        """Return a shell's function ``relays``, which asks."""
        words = [sys.executable, "-I", "-S", "-c", _CLIENT, str(self.path)]
        return f'relays() {{ {shlex.join(words)} "$@"; }}\n'

    def close(self) -> None:
        """Answer nobody any more."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return  # closed
            with client, contextlib.suppress(OSError):  # who asked may have been ended
                client.settimeout(5)
                asked = client.makefile().read().split()
                client.sendall(self._answer(asked).encode())

    def _answer(self, asked: list[str]) -> str:
        names = self._relays.names
        match asked:
            case ["list"]:
                return "".join(f"{number},{name}\n" for number, name in names.items())
            case ["state", number] if number.isdecimal() and int(number) in names:
                return "on\n" if self._relays.has_power(int(number)) else "off\n"
            case ["order", number, "on" | "off" as wanted] if number.isdecimal() and int(number) in names:
                return "done\n" if self._relays.order(int(number), on=wanted == "on") else "refused\n"
        return "refused\n"
