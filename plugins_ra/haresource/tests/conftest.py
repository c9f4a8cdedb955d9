"""A small service with a script, which misbehaves as a test wants."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from heartbeat.plugin import parse_params
from heartbeat_ra_haresource import Script

SCRIPT = """#!/bin/sh
# A service that is one sleep. Its process number stands in {folder}/pid.
for action; do :; done
echo "$*" >> {folder}/calls
alive() {{
    [ -s {folder}/pid ] && read -r pid < {folder}/pid && [ -r /proc/$pid/stat ] &&
    ! grep -q ") [ZX]" /proc/$pid/stat 2>/dev/null
}}
case "$action" in
start)
    {start}
    alive && {{ echo "it runs already"; exit 1; }}
    sleep 600 & echo $! > {folder}/pid ;;
stop)
    {stop}
    alive && kill -9 "$(cat {folder}/pid)"
    while alive; do :; done
    rm -f {folder}/pid ;;
status)
    {status}
    if alive; then echo "service is running"; else echo "service is not running"; exit {stopped_code}; fi ;;
esac
"""


@dataclass
class Service:
    """The service under test."""

    folder: Path
    path: Path

    def write(self, *, start: str = "", stop: str = "", status: str = "", stopped_code: int = 3) -> None:
        """Write the script with these lines before what it does anyway."""
        text = SCRIPT.format(
            folder=self.folder, start=start, stop=stop, status=status or ":", stopped_code=stopped_code
        )
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(text)
        self.path.chmod(0o755)

    def agent(self, arguments: str = "") -> Script:
        raw = {"script": str(self.path), **({"arguments": arguments} if arguments else {})}
        params, problems = parse_params(Script.params, raw)
        assert not problems
        return Script(params)

    @property
    def pid(self) -> int:
        """Return the service's process number; 0 when there is none."""
        file = self.folder / "pid"
        return int(file.read_text() or 0) if file.exists() else 0

    def is_active(self) -> bool:
        """Look by other means than the script: is there such a process, and is it no zombie?"""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return self.pid != 0 and state not in "ZX"

    def kill(self) -> None:
        """End the service behind the script's back, its pid file left behind."""
        os.kill(self.pid, signal.SIGKILL)
        eventually(lambda: not self.is_active())

    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []


def eventually(is_so: Callable[[], bool], limit_s: float = 10.0) -> None:
    until_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < until_s
        time.sleep(0.005)


def _service(tmp_path: Path, folder: str) -> Iterator[Service]:
    service = Service(tmp_path, tmp_path / folder / "service")
    service.write()
    yield service
    if service.is_active():
        service.kill()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """The service with a script in a folder resource.d."""
    yield from _service(tmp_path, "resource.d")


@pytest.fixture
def init_service(tmp_path: Path) -> Iterator[Service]:
    """The service with a script in a folder init.d."""
    yield from _service(tmp_path, "init.d")
