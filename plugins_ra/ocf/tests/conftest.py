"""Agents to run: a small one of our own that misbehaves on demand, and those of Debian's resource-agents."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from heartbeat.plugin import Occasion, parse_params
from heartbeat_ra_ocf import OcfAgent

DEBIANS = Path("/usr/lib/ocf/resource.d/heartbeat/Dummy")

AGENT = """#!/bin/sh
# One sleep is the service; parameters of the form ACTION=COMMANDS come first.
pidfile="$OCF_RESKEY_folder/pid"
echo "$#:$1" >> "$OCF_RESKEY_folder/calls"
env | sort > "$OCF_RESKEY_folder/env.$1"
alive() {
    [ -s "$pidfile" ] && read -r pid < "$pidfile" && [ -r /proc/$pid/stat ] && ! grep -q ") [ZX]" /proc/$pid/stat
}
case "$1" in
start) eval "$OCF_RESKEY_start"; alive || { sleep 600 & echo $! > "$pidfile"; } ;;
stop) eval "$OCF_RESKEY_stop"; alive && kill -9 $pid; while alive; do :; done; rm -f "$pidfile" ;;
monitor) eval "$OCF_RESKEY_monitor"; alive && exit 0; [ -e "$pidfile" ] && exit 1; exit 7 ;;
promote) eval "$OCF_RESKEY_promote" ;;
demote) eval "$OCF_RESKEY_demote" ;;
validate-all) eval "$OCF_RESKEY_validate" ;;
meta-data) cat "$(dirname "$0")/../../service.xml" ;;
*) exit 3 ;;
esac
"""

METADATA = """<?xml version="1.0"?>
<resource-agent name="service"><version>1.1</version>
<longdesc lang="en">A service.</longdesc><shortdesc lang="en">one sleep</shortdesc>
<parameters>
<parameter name="folder" required="1"><shortdesc lang="en">where</shortdesc><content type="string"/></parameter>
</parameters>
<actions><action name="start" timeout="90s"/><action name="monitor" timeout="500ms"/></actions>
</resource-agent>
"""


@dataclass
class Service:
    """The service of our own agent."""

    folder: Path
    root: Path

    @property
    def path(self) -> Path:
        return self.root / "resource.d" / "hbtest" / "service"

    def given(self, **commands: str) -> dict[str, str]:
        """Return unparsed parameters; a command for an action is run before what the agent does anyway."""
        return {"ocf_type": "ocf:hbtest:service", "ocf_root": str(self.root), "folder": str(self.folder), **commands}

    def agent(self, **commands: str) -> OcfAgent:
        return agent(self.given(**commands))

    @property
    def pid(self) -> int:
        file = self.folder / "pid"
        return int(file.read_text() or 0) if file.exists() else 0

    def is_active(self) -> bool:
        return self.pid != 0 and is_alive(self.pid)

    def kill(self) -> None:
        """End the service behind the agent's back."""
        os.kill(self.pid, signal.SIGKILL)
        eventually(lambda: not self.is_active())

    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def environment(self, action: str) -> dict[str, str]:
        """Return what the agent found in its environment at the last such action."""
        lines = (self.folder / f"env.{action}").read_text().splitlines()
        return {name: value for name, equals, value in (line.partition("=") for line in lines) if equals}


def agent(raw: dict[str, str]) -> OcfAgent:
    params, problems = parse_params(OcfAgent.params, raw, extra=True)
    assert not problems
    return OcfAgent(params)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def eventually(is_so: Callable[[], bool], limit_s: float = 10.0) -> None:
    until_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < until_s
        time.sleep(0.005)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Our own agent in an OCF root of its own."""
    made = Service(tmp_path, tmp_path / "ocf")
    made.path.parent.mkdir(parents=True)
    made.path.write_text(AGENT)
    made.path.chmod(0o755)
    (made.root / "service.xml").write_text(METADATA)
    yield made
    if made.is_active():
        made.kill()


@pytest.fixture
def debians() -> None:
    """The agents of Debian's resource-agents must be here."""
    if not DEBIANS.exists():
        pytest.skip(f"resource-agents is not installed: no {DEBIANS}")


OccasionOf = Callable[..., None]


@pytest.fixture
def occasion_of(monkeypatch: pytest.MonkeyPatch) -> OccasionOf:
    """Return a function that announces an operation as the executor does."""

    def announce(action: str, resource: str = "service", left_s: float = 60.0, *, trace: bool = False) -> None:
        environment: dict[str, str] = {}
        Occasion(resource, action, time.monotonic() + left_s, trace=trace).announce(environment)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    return announce
