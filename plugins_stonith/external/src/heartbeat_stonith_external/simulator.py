"""A script of our own with the device behind it: outlets by the names of nodes."""

import shutil
import tempfile
from pathlib import Path

from heartbeat.testing.device import Fault
from heartbeat.testing.outlets import RELAY_FAULTS, Outlets, OutletSimulator
from heartbeat.testing.relay_door import RelayDoor

NAMES = ("node1", "node10", "twin", "twin")
PASSWORD = "hunter2-hunter2"  # noqa: S105 - of a simulated device
LATE_S = 3.0
HASTY_S = 1.0

SCRIPT = """#!/bin/sh
# Answers as README.external of cluster-glue wants it; its parameters are variables.
case $1 in
getconfignames) echo hostlist passwd; exit 0 ;;
getinfo-devid | getinfo-devname) echo 'a folder of files'; exit 0 ;;
getinfo-devdescr) echo 'Switches files.'; exit 0 ;;
getinfo-devurl) echo 'https://example.com/'; exit 0 ;;
getinfo-xml) cat <<'XML'
<parameters>
<parameter name="hostlist" unique="1" required="1"><content type="string" />
<shortdesc lang="en">Hosts</shortdesc><longdesc lang="en">The nodes.</longdesc></parameter>
<parameter name="passwd" unique="0" required="1"><content type="string" /></parameter>
<parameter name="speed" unique="0" required="0"><content type="string" default="9600" /></parameter>
</parameters>
XML
    exit 0 ;;
esac
RELAYS
cd 'FOLDER' || exit 1
printf '%s\\n' "$*" >> journal
env | sort > "env.$1"
[ "$passwd" = 'PASSWORD' ] || { echo "login with $passwd failed" >&2; exit 1; }
fault=$(cat fault 2>/dev/null)
case $fault in
SILENT) sleep 600; exit 0 ;;
LATE) sleep LATE_S ;;
TRICKLES) sleep 0.1 ;;
CLOSES) printf 'node'; kill -9 $$ ;;
GARBAGE) head -c 256 /dev/urandom; exit 1 ;;
esac
case $1 in
gethosts) echo $hostlist; exit 0 ;;
status) exit 0 ;;
on | off | reset) ;;
*) exit 1 ;;
esac
[ "$fault" != LOSES_ORDER ] || { rm fault; exit 1; }
wanted=off
[ "$1" != on ] || wanted=on
for outlet in $(relays list | sed -n "s/,$2\\$//p"); do
    [ "$(relays order "$outlet" $wanted)" = done ] || { echo 'outlet is locked' >&2; exit 1; }
done
[ "$fault" != HANGS_UP ] || { rm fault; exit 1; }
"""


class PaperScript(OutletSimulator):
    """The script ``external/paper`` in a folder of its own."""

    faults = frozenset(
        {
            Fault.SILENT, Fault.LATE, Fault.TRICKLES, Fault.CLOSES, Fault.GARBAGE, Fault.LOSES_ORDER, Fault.HANGS_UP,
        }
        | RELAY_FAULTS
    )  # fmt: skip

    def __init__(self, relays: Outlets | None = None) -> None:
        super().__init__(relays or Outlets(NAMES))
        self.folder = Path(tempfile.mkdtemp(prefix="hb-external-"))
        self.door = RelayDoor(self.folder, self.relays)
        self.path = self.folder / "paper"
        text = SCRIPT.replace("FOLDER", str(self.folder)).replace("PASSWORD", PASSWORD)
        text = text.replace("sleep LATE_S", f"sleep {LATE_S}").replace("RELAYS\n", self.door.function)
        self.path.write_text(text)
        self.path.chmod(0o755)

    def params(self) -> dict[str, str]:
        return {"script": str(self.path), "hostlist": ",".join(self.relays.hosts()), "passwd": PASSWORD}

    def hasty_params(self) -> dict[str, str]:
        return self.params() | {"script_timeout": str(HASTY_S)}

    def misbehave(self, fault: Fault) -> None:
        if fault in RELAY_FAULTS:
            self.relays.fault = fault
            return
        (self.folder / "fault").write_text(fault.name)

    def journal(self) -> list[str]:
        """Return the arguments of each run."""
        file = self.folder / "journal"
        return file.read_text().splitlines() if file.exists() else []

    def environment(self, verb: str) -> dict[str, str]:
        """Return what the script found in its environment at the last such verb."""
        lines = (self.folder / f"env.{verb}").read_text().splitlines()
        return {name: value for name, equals, value in (line.partition("=") for line in lines) if equals}

    def close(self) -> None:
        self.door.close()
        shutil.rmtree(self.folder, ignore_errors=True)  # a script that is just being ended may still write there
