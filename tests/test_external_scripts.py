"""Scripts of the kind external/* as device types, from the line in ha.cf to the relay."""

import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from heartbeat.cli.stonith_types import any_type
from heartbeat.config.devices import params_of_words
from heartbeat.executor.byhand import run_by_hand
from heartbeat.model.operation import Action, Outcome
from heartbeat.model.proof import Proof
from heartbeat.pils.registry import PluginRegistry
from heartbeat.testing.device import Fault
from heartbeat.wire.executor import Run
from heartbeat_stonith_apc.simulator import ApcAgent

HB = Path(sys.executable).with_name("hb")
pytestmark = pytest.mark.skipif(
    not (Path("/usr/lib/stonith/plugins/external/rackpdu").exists() and shutil.which("snmpset")),
    reason="cluster-glue or snmp is not here: external/rackpdu cannot be run",
)
NAMES_OID = ".1.3.6.1.4.1.318.1.1.12.3.5.1.1.2"
"""Of the strip's state; the script looks into its configuration, which the simulator does not have."""


@pytest.mark.parametrize("fault", [None, Fault.LIES, Fault.DENIES], ids=["honest", "lies", "denies"])
def test_external_rackpdu_switches_a_strip_and_its_word_is_no_proof(fault: Fault | None) -> None:
    registry = PluginRegistry()
    kind = any_type(registry, "external/rackpdu")
    with contextlib.closing(ApcAgent()) as strip:
        given = strip.params()
        words = ["node1,node10", f"127.0.0.1:{given['port']}", given["community"]]
        raw = {**kind.base, **params_of_words(kind.plugin, words), "names_oid": NAMES_OID}
        if fault is not None:
            strip.misbehave(fault)
        off = run_by_hand(Run(1, "stonith", kind.driver, kind.name, raw, Action.FENCE, 30.0, "node10"), registry)
        if fault is Fault.DENIES:
            assert off.outcome is Outcome.FAILED, off
        else:
            assert (off.outcome, off.proof) == (Outcome.DONE, Proof.ASKED), off
        assert strip.is_on("node10") == (fault is not None)
        assert strip.is_on("node1")
        assert given["community"] not in off.detail + off.output


def test_an_old_line_is_read_and_hb_check_says_that_nothing_is_read_back(tmp_path: Path) -> None:
    files = {
        "ha.cf": "bcast eth0\nnode node1 node2\nkeepalive 200ms\ndeadtime 1\n"
        "stonith_host * external/rackpdu node1,node2 10.0.0.7 hunter2\n",
        "haresources": "node1 IPaddr2::10.10.10.11/24/lo Filesystem::/dev/sdb1::/data::ext4\n",
        "authkeys": "auth 1\n1 sha1 secret-secret-secret\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    argv = [str(HB), "check", str(tmp_path), "--json"]
    told = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    found = json.loads(told.stdout)["findings"]
    assert any("no device reads back that node1 is off" in it["message"] for it in found), told.stdout
    assert not [it for it in found if it["severity"] == "error" and "rackpdu" in it["message"]]
    assert "hunter2" not in told.stdout


def test_list_and_info_tell_of_them() -> None:
    def hb(*words: str) -> str:
        return subprocess.run([str(HB), *words], capture_output=True, text=True, timeout=60, check=True).stdout

    assert "/usr/lib/stonith/plugins/external/ssh" in hb("stonith", "list")
    info = hb("stonith", "info", "external/ipmi")
    assert "found by a catalogue: /usr/lib/stonith/plugins/external/ipmi" in info
    assert "passwd: secret; required" in info
