"""The one process that holds a lab. Run by ``unshare`` as PID 1 of namespaces of its own:

    python -m heartbeat.lab.controller DIRECTORY

DIRECTORY holds ``setup.json`` (see ``world.Setup``). When all nodes are booted the controller says ``ready`` on its
standard output, or one line that begins with ``error``. Everything of the lab lives in namespaces below this
process, so its death, however it comes, ends all of it.
"""

import contextlib
import inspect
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import msgspec

from heartbeat.lab.control import LabError, Message, receive, send
from heartbeat.lab.node import environment
from heartbeat.lab.world import Setup, World

OPERATIONS = (
    "status", "crash", "freeze", "thaw", "start", "boot_only", "stop", "kill", "cut", "heal", "device", "note", "usage",
    "spawn", "reap",
)  # fmt: skip
"""Methods of World that a request may call; ``exec`` and ``down`` are the server's own."""


class Server:
    """Answers requests, each in a thread of its own, until told to end."""

    def __init__(self, path: Path, world: World) -> None:
        self._world = world
        self._down = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        path.chmod(0o600)
        self._socket.listen(16)

    def serve(self) -> None:
        """Return when ``down`` was asked for; the end of this process ends the lab."""
        threading.Thread(target=self._accept, daemon=True).start()
        self._down.wait()

    def _accept(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            request, fds = receive(connection)
            if request is None:
                return
            try:
                answer = {"ok": True, **self._act(request, fds, connection)}
            except (LabError, subprocess.SubprocessError, OSError, ValueError) as wrong:
                answer = {"ok": False, "error": str(wrong)}
            finally:
                for fd in fds:
                    os.close(fd)
            send(connection, answer)
            if request.get("op") == "down":
                self._down.set()

    def _act(self, request: Message, fds: list[int], connection: socket.socket) -> Message:
        op = request.pop("op", None)
        match op:
            case "down":
                request["op"] = "down"
                return {}
            case "exec":
                return self._exec(str(request["node"]), [str(word) for word in request["argv"]], fds, connection)
            case str() if op in OPERATIONS:
                method = getattr(self._world, op)
                try:
                    arguments = inspect.signature(method).bind(**request)
                except TypeError as wrong:
                    raise LabError(f"{op}: {wrong}") from None
                result = method(*arguments.args, **arguments.kwargs)
                assert isinstance(result, dict)
                return result
        raise LabError(f"no operation {op!r}")

    def _exec(self, node: str, argv: list[str], fds: list[int], connection: socket.socket) -> Message:
        """Run a command with the caller's own standard streams; a caller that hangs up ends it."""
        if len(fds) != 3:
            raise LabError("exec needs three file descriptors")
        command = self._world.enter(node, argv)
        stdin, stdout, stderr = fds
        process = subprocess.Popen(
            command, stdin=stdin, stdout=stdout, stderr=stderr, env=environment(), start_new_session=True, cwd="/"
        )
        threading.Thread(target=_end_with, args=(connection, process), daemon=True).start()
        status = process.wait()
        return {"status": status if status >= 0 else 128 - status}


def _end_with(connection: socket.socket, process: subprocess.Popen[bytes]) -> None:
    """Kill the command's whole session when its caller hangs up first."""
    with contextlib.suppress(OSError):
        connection.settimeout(None)
        connection.recv(1)
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def main() -> None:
    home = Path(sys.argv[1])
    setup = msgspec.json.decode((home / "setup.json").read_bytes(), type=Setup)
    # As a PID 1, this process gets no default action of any signal; only those from outside end it.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    try:
        world = World(home, setup)
        world.boot()
        server = Server(home / "control.sock", world)
    except (LabError, OSError) as wrong:
        sys.stdout.write(f"error {wrong}\n")
        sys.stdout.flush()
        os._exit(1)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    server.serve()
    os._exit(0)


if __name__ == "__main__":
    main()
