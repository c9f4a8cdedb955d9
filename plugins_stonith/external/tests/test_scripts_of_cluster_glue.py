"""Real scripts of Debian's cluster-glue: what they tell of themselves, and what their word is worth."""

import subprocess
from pathlib import Path

import pytest
from heartbeat.plugin import Power, ResetFailed, parse_params
from heartbeat.plugin.catalogue import class_of_type
from heartbeat_stonith_external import External
from heartbeat_stonith_external.catalogue import ExternalScripts

FOLDER = Path("/usr/lib/stonith/plugins/external")
pytestmark = pytest.mark.skipif(not (FOLDER / "ssh").exists(), reason="cluster-glue is not installed")


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> ExternalScripts:
    monkeypatch.delenv("HB_EXTERNAL_STONITH", raising=False)
    return ExternalScripts()


def device(name: str, **raw: str) -> External:
    params, problems = parse_params(External.params, {"script": str(FOLDER / name), **raw}, extra=True)
    assert not problems
    return External(params)


def test_every_script_tells_its_parameters_as_cluster_glue_tells_them(theirs: ExternalScripts) -> None:
    entries = theirs.entries()
    assert len(entries) > 10
    for entry in entries:
        declared = class_of_type(External, entry, theirs.about(entry))
        argv = ["stonith", "-t", entry.name, "-n"]
        told = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        assert list(declared.positional) == told.stdout.split(), f"{entry.name}: {told.stderr}"
        secret = {param.name for param in declared.params if param.secret}
        assert secret <= {"community", "ilo_password", "passwd", "password"}


FAKE_IPMITOOL = """#!/bin/sh
echo "$*" >> "${0%/*}/calls"
case "$*" in
*'power status') echo 'Chassis Power is on' ;;
*'power off') echo 'Chassis Power Control: Down/Off' ;;
*) exit 1 ;;
esac
"""


def test_external_ipmi_says_done_to_a_machine_that_is_on_and_proves_nothing(tmp_path: Path) -> None:
    tool = tmp_path / "ipmitool"
    tool.write_text(FAKE_IPMITOOL)
    tool.chmod(0o755)
    ipmi = device(
        "ipmi", hostname="node1", ipaddr="10.0.0.7", userid="admin", passwd="hunter2", interface="lanplus",
        passwd_method="env", ipmitool=str(tool),
    )  # fmt: skip
    assert ipmi.hosts() == ["node1"]
    ipmi.status()
    ipmi.switch("node1", Power.OFF)  # it never looks: the machine is on
    assert ipmi.power("node1") is Power.UNKNOWN
    calls = (tmp_path / "calls").read_text()
    assert "-H 10.0.0.7" in calls
    assert "power off" in calls
    assert "hunter2" not in calls


def test_external_ssh_knows_reset_alone() -> None:
    ssh = device("ssh", hostlist="node1,node2")
    assert ssh.hosts() == ["node1", "node2"]
    for power in (Power.OFF, Power.ON):
        with pytest.raises(ResetFailed, match=r"external/ssh (off|on): it said nothing \(exit status 1\)"):
            ssh.switch("node2", power)
