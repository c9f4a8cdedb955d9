"""An agent for a toy service: a process and the file that names it."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from heartbeat.plugin import BadConfig, Claim, Health, Param, ParamKind, Params, PluginError, ResourceAgent

PATIENCE_S = 5.0


class ToyService(ResourceAgent):
    """Runs `sleep` as a service and keeps its number in a file."""

    api = 1
    title = "toy service: a process and a file"
    params = (
        Param("pidfile", ParamKind.PATH, required=True, example="/run/toy.pid", help="File with its number."),
        Param("seconds", ParamKind.SECONDS, default=600.0, example="600", help="How long it runs at most."),
    )
    positional = ("pidfile",)

    @classmethod
    def claims(cls, params: Params) -> tuple[Claim, ...]:
        return (Claim("file", params.text("pidfile")),)

    @classmethod
    def shares_data(cls, params: Params) -> bool | None:
        return False

    def validate(self) -> None:
        if not self._file.parent.is_dir():
            raise BadConfig(f"pidfile: there is no directory {self._file.parent}")

    def start(self) -> None:
        if self.monitor() is Health.RUNNING:
            return
        self.stop()
        service = subprocess.Popen(["setsid", "sleep", f"{self.settings.number('seconds'):g}"])
        service.returncode = 0  # it outlives us, and nobody waits for it here
        self._file.write_text(str(service.pid))

    def stop(self) -> None:
        number = self._number()
        if number is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
            deadline_s = time.monotonic() + PATIENCE_S
            while alive(number):
                if time.monotonic() > deadline_s:
                    raise PluginError(f"process {number} does not end")
                time.sleep(0.01)
        self._file.unlink(missing_ok=True)

    def monitor(self) -> Health:
        number = self._number()
        if number is None:
            return Health.STOPPED
        return Health.RUNNING if alive(number) else Health.FAILED

    @property
    def _file(self) -> Path:
        return Path(self.settings.text("pidfile"))

    def _number(self) -> int | None:
        try:
            return int(self._file.read_text())
        except FileNotFoundError:
            return None
        except ValueError:
            raise PluginError(f"{self._file} holds no number") from None


def alive(number: int) -> bool:
    """Is the process there, and no zombie?"""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(number, os.WNOHANG)
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
