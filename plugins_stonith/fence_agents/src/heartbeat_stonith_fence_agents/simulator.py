"""A fence agent of our own, a shell script, with the device behind it: plugs by the names of nodes."""

import shutil
import tempfile
from pathlib import Path

from heartbeat.testing.device import Fault
from heartbeat.testing.outlets import RELAY_FAULTS, Outlets, OutletSimulator
from heartbeat.testing.relay_door import RelayDoor

NAMES = ("twin", "node1", "node10", "twin")
PASSWORD = "hunter2-hunter2"  # noqa: S105 - of a simulated device
LATE_S = 3.0
HASTY_S = 1.0

METADATA = """<?xml version="1.0" ?>
<resource-agent name="fence_paper" shortdesc="Fence agent for a folder of files">
<longdesc>Some plugs.</longdesc>
<vendor-url></vendor-url>
<parameters>
<parameter name="action" unique="0" required="1"><content type="string" default="reboot" />
<shortdesc lang="en">Fencing action</shortdesc></parameter>
<parameter name="ip" unique="0" required="1" obsoletes="ipaddr"><content type="string" />
<shortdesc lang="en">IP address</shortdesc></parameter>
<parameter name="ipaddr" unique="0" required="1" deprecated="1"><content type="string" />
<shortdesc lang="en">IP address</shortdesc></parameter>
<parameter name="password" unique="0" required="0" obsoletes="passwd"><content type="string" />
<shortdesc lang="en">Password</shortdesc></parameter>
<parameter name="passwd" unique="0" required="0" deprecated="1"><content type="string" />
<shortdesc lang="en">Password</shortdesc></parameter>
<parameter name="plug" unique="0" required="1" obsoletes="port"><content type="string" />
<shortdesc lang="en">Plug</shortdesc></parameter>
<parameter name="port" unique="0" required="1" deprecated="1"><content type="string" />
<shortdesc lang="en">Plug</shortdesc></parameter>
<parameter name="secure" unique="0" required="0"><content type="boolean" />
<shortdesc lang="en">Use ssh</shortdesc></parameter>
<parameter name="verbose" unique="0" required="0"><content type="boolean" />
<shortdesc lang="en">Verbose</shortdesc></parameter>
</parameters>
<actions>
<action name="on" automatic="0" /><action name="off" /><action name="reboot" /><action name="status" />
<action name="list" /><action name="monitor" /><action name="metadata" /><action name="validate-all" />
</actions>
</resource-agent>
"""

AGENT = """#!/bin/sh
# Speaks to its caller as fencing.py does: words on stderr and 1 for every failure, 2 for off.
RELAYS
cd 'FOLDER' || exit 1
if [ "$1" = -o ]; then action=$2
else
    given=$(cat); printf '%s\\n--\\n' "$given" >> journal
    say() { printf '%s\\n' "$given" | sed -n "s/^$1=//p" | tail -n 1; }
    action=$(say action) plug=$(say plug) password=$(say 'passw[ord]*d')
fi
[ "$action" != metadata ] || exec cat metadata.xml
fail() { echo "2026-11-30 01:15:13,482 ERROR: $1" >&2; echo >&2; exit 1; }
list() { if [ -e names ]; then cat names; else relays list; fi; }
fault=$(cat fault 2>/dev/null)
case $fault in
UNREACHABLE) fail 'Unable to connect/login to fencing device' ;;
SILENT) sleep 600; exit 0 ;;
LATE) sleep LATE_S ;;
TRICKLES) sleep 0.1 ;;
CLOSES) printf 'Stat'; kill -9 $$ ;;
GARBAGE) head -c 256 /dev/urandom; exit 2 ;;
esac
[ "$password" = 'PASSWORD' ] || fail 'Unable to connect/login to fencing device'
case $action in
list)
    [ "$fault" != CUT_OFF ] || { list | sed -n 1,2p; kill -9 $$; }
    list; exit 0 ;;
monitor) exit 0 ;;
esac
list | grep -q "^$plug," || fail 'Failed: Unable to obtain correct plug status or plug is not available'
case $action in
status)
    case $(relays state "$plug") in
    on) echo 'Status: ON'; exit 0 ;;
    off) echo 'Status: OFF'; exit 2 ;;
    esac
    fail 'Connection lost' ;;
on | off) ;;
*) fail "Failed: Unrecognised action '$action'" ;;
esac
[ "$fault" != LOSES_ORDER ] || { rm fault; fail 'Connection lost'; }
[ "$(relays order "$plug" "$action")" = done ] ||
    fail 'Failed: The user does not have the correct privileges to do the requested action.'
[ "$fault" != HANGS_UP ] || { rm fault; fail 'Connection lost'; }
echo "Success: Powered $action"
"""


class PaperAgent(OutletSimulator):
    """The agent ``fence_paper`` in a folder of its own."""

    faults = frozenset(
        {
            Fault.UNREACHABLE, Fault.SILENT, Fault.LATE, Fault.TRICKLES, Fault.CLOSES, Fault.GARBAGE, Fault.CUT_OFF,
            Fault.LOSES_ORDER, Fault.HANGS_UP,
        }
        | RELAY_FAULTS
    )  # fmt: skip

    def __init__(self, relays: Outlets | None = None) -> None:
        super().__init__(relays or Outlets(NAMES))
        self.folder = Path(tempfile.mkdtemp(prefix="hb-fence-"))
        self.door = RelayDoor(self.folder, self.relays)
        self.path = self.folder / "fence_paper"
        (self.folder / "metadata.xml").write_text(METADATA)
        script = AGENT.replace("FOLDER", str(self.folder)).replace("PASSWORD", PASSWORD)
        script = script.replace("sleep LATE_S", f"sleep {LATE_S}").replace("RELAYS\n", self.door.function)
        self.path.write_text(script)
        self.path.chmod(0o755)

    def params(self) -> dict[str, str]:
        return {"agent": str(self.path), "ip": "10.0.0.7", "password": PASSWORD}

    def hasty_params(self) -> dict[str, str]:
        return self.params() | {"agent_timeout": str(HASTY_S)}

    def misbehave(self, fault: Fault) -> None:
        if fault in RELAY_FAULTS:
            self.relays.fault = fault
        else:
            (self.folder / "fault").write_text(fault.name)

    def journal(self) -> list[dict[str, str]]:
        """Return what the agent was given on stdin, run by run."""
        file = self.folder / "journal"
        runs = file.read_text().split("\n--\n")[:-1] if file.exists() else []
        return [dict(line.split("=", 1) for line in run.splitlines()) for run in runs]

    def close(self) -> None:
        self.door.close()
        shutil.rmtree(self.folder, ignore_errors=True)  # an agent that is just being ended may still write there
