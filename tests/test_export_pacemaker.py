"""Exported plugins in the hands of those for whom they are: Pacemaker's own programs, ocf-tester and xmllint.

The programs see our agents where they look for agents, in mounts, processes and a network of their own, so nothing on
this machine changes and nothing stays behind. Of a cluster only Pacemaker's fencing daemon runs, alone.
"""

import contextlib
import os
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from heartbeat.pils.registry import PluginRegistry
from heartbeat.testing.device import Fault
from heartbeat.testing.namespace import Namespace, cable, namespaces, why_not
from heartbeat_stonith_lab.simulator import LabSwitch

HB = (sys.executable, "-c", "from heartbeat.cli import main; main()")
DTD_FOLDER = Path("/usr/share/resource-agents")
SCHEMAS = {
    "stonith": Path("/usr/share/cluster/relaxng/metadata.rng"),
    "ra": DTD_FOLDER / "metadata.rng",
}
"""What Debian's fence-agents and resource-agents hold their own metadata against (RELAX NG)."""
OURS = [
    f"{it.kind}:{it.name}"
    for it in PluginRegistry().announced()
    if it.kind in SCHEMAS and it.distribution.startswith("heartbeat-") and not it.missing_extra
]
FENCED = "/usr/lib/pacemaker/pacemaker-fenced"
TEN_S = "for turn in $(seq 100); do {0} >/dev/null 2>&1 && break; sleep 0.1; done"
"""Shell: until the command works, ten seconds at most."""

Done = subprocess.CompletedProcess[str]
Pacemaker = Callable[[str], Done]


def need(*programs: str) -> None:
    """Skip, saying what is missing."""
    for program in programs:
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
            pytest.skip(f"no {program} here (setup/debian-packages names the package)")


@pytest.fixture(scope="module")
def agents() -> Iterator[Path]:
    """A folder with fence_lab, fence_null, fence_ssh and IPaddr2 as ``hb export`` writes them, open to everybody."""
    folder = Path(tempfile.mkdtemp(prefix="hb-agents-"))
    folder.chmod(0o755)
    for words in ("fence-agent stonith:lab", "fence-agent stonith:null", "fence-agent stonith:ssh", "ocf ra:IPaddr2"):
        made = run([*HB, "export", *words.split(), "--out", str(folder)])
        assert made.returncode == 0, made.stderr
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def pacemaker(agents: Path, tmp_path: Path) -> Pacemaker:
    """Run a piece of shell where Pacemaker finds our agents: /usr/sbin and resource.d have them besides their own."""
    need("stonith_admin", "crm_resource", "unshare")
    if run(["unshare", "-mnpf", "true"]).returncode:
        pytest.skip("no namespaces here: root, or a user namespace, is needed")
    real, sbin, ocf = (tmp_path / name for name in ("real", "sbin", "ocf"))
    for folder in (real, sbin, ocf / "hb"):
        folder.mkdir(parents=True)
    for program in Path("/usr/sbin").iterdir():
        (sbin / program.name).symlink_to(real / program.name)
    for agent in agents.iterdir():
        place = sbin / agent.name if agent.name.startswith("fence_") else ocf / "hb" / agent.name
        place.unlink(missing_ok=True)
        shutil.copy(agent, place)
    prologue = f"""
        set -e
        mount -t tmpfs none /run; mkdir -p /run/crm; mount -t tmpfs none /var/log; mkdir -p /var/log/pacemaker
        mount --bind /usr/sbin {real}; mount --bind {sbin} /usr/sbin; mount --bind {ocf} /usr/lib/ocf/resource.d
        mount -t proc proc /proc; ip link set lo up
        set +e
        export PATH=$PATH:/usr/sbin
    """
    return lambda script: run(["unshare", "-mnpf", "--kill-child", "sh", "-c", prologue + script])


def run(command: list[str], *, cwd: Path | None = None, **more: str) -> Done:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HB_", "OCF_"))}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=100, check=False, cwd=cwd, env={**environment, **more}
    )


@pytest.mark.parametrize("agent", ["fence_lab", "fence_null", "fence_ssh"])
def test_pacemaker_reads_the_metadata_of_a_fence_agent(pacemaker: Pacemaker, agent: str) -> None:
    told = pacemaker(f"stonith_admin --list-installed; stonith_admin --metadata --agent {agent}")
    assert told.returncode == 0, told.stderr
    assert agent in told.stdout.split("<")[0].split()
    assert f'<resource-agent name="{agent}"' in told.stdout


def test_pacemaker_validates_a_fence_agent(pacemaker: Pacemaker) -> None:
    good = pacemaker("stonith_admin --validate --agent fence_lab --option hostlist=node1")
    assert good.returncode == 0, good.stderr
    bad = pacemaker("stonith_admin --validate --agent fence_lab --option timeout=never")
    assert bad.returncode != 0
    told = bad.stdout + bad.stderr
    assert "hostlist is missing" in told
    assert "timeout 'never' is not valid" in told


def test_pacemaker_is_told_at_once_that_a_device_proves_nothing(pacemaker: Pacemaker) -> None:
    alone = pacemaker("stonith_admin --validate --agent fence_null --option hostlist=node1")
    assert alone.returncode != 0
    assert "nothing would prove that a host is off" in alone.stdout + alone.stderr
    accepted = pacemaker("stonith_admin --validate --agent fence_null -o hostlist=node1 -o accept_unproved=1")
    assert accepted.returncode == 0, accepted.stderr


def fenced(script: str, agent: str, **params: str) -> str:
    """Return shell that runs Pacemaker's fencing daemon with one device, then the script."""
    options = shlex.join(word for name, value in params.items() for word in ("--option", f"{name}={value}"))
    return f"""
        {FENCED} --stand-alone & daemon=$!
        {TEN_S.format("stonith_admin --list-registered")}
        stonith_admin --register device --agent {agent} {options} || exit 90
        {script}
        status=$?; kill $daemon; wait $daemon; exit $status
    """


def test_pacemaker_fences_a_node_through_our_plugin(pacemaker: Pacemaker) -> None:
    with contextlib.closing(LabSwitch()) as switch:
        script = (
            "stonith_admin --query device && stonith_admin --list node1 && stonith_admin --fence node1 --timeout 20"
        )
        done = pacemaker(fenced(script, "fence_lab", **switch.params()))
        assert done.returncode == 0, done.stderr
        assert "device" in done.stdout
        assert {host: switch.is_on(host) for host in switch.hosts()} == {"node1": False, "node2": True}


def test_pacemaker_reboots_and_switches_on_through_our_plugin(pacemaker: Pacemaker) -> None:
    with contextlib.closing(LabSwitch()) as switch:
        script = """stonith_admin --reboot node1 --timeout 20 && stonith_admin --fence node2 --timeout 20 &&
            stonith_admin --unfence node2 --timeout 20"""
        done = pacemaker(fenced(script, "fence_lab", **switch.params()))
        assert done.returncode == 0, done.stderr
        assert switch.is_on("node1")
        assert switch.is_on("node2")


def test_pacemaker_does_not_believe_a_device_that_lies(pacemaker: Pacemaker) -> None:
    with contextlib.closing(LabSwitch()) as switch:
        switch.misbehave(Fault.LIES)
        params = {**switch.params(), "power_timeout": "1"}
        done = pacemaker(fenced("stonith_admin --fence node1 --timeout 20", "fence_lab", **params))
        assert done.returncode not in (0, 90), done.stdout
        assert switch.is_on("node1")


def test_pacemaker_finds_and_validates_an_ocf_agent(pacemaker: Pacemaker) -> None:
    listed = pacemaker("crm_resource --list-agents ocf:hb; crm_resource --show-metadata ocf:hb:IPaddr2")
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.startswith("IPaddr2\n")
    validate = "crm_resource --validate --class ocf --provider hb --agent IPaddr2 --option"
    here = """ip link add eth0 type veth peer name eth1; ip link set eth1 up; ip link set eth0 up
        ip address add 10.7.0.1/24 dev eth0;"""
    good = pacemaker(f"{here} {validate} ip=10.7.0.100")
    assert good.returncode == 0, good.stdout + good.stderr
    bad = pacemaker(f"{validate} ip=10.7.0")
    assert bad.returncode == 6  # OCF_ERR_CONFIGURED
    assert "expected an IPv4 or IPv6 address" in bad.stdout + bad.stderr


def test_the_meta_data_is_valid_against_the_dtd_of_resource_agents(agents: Path, tmp_path: Path) -> None:
    need("xmllint")
    if not (DTD_FOLDER / "ra-api-1.dtd").exists():
        pytest.skip("no ra-api-1.dtd here (package resource-agents)")
    told = tmp_path / "IPaddr2.xml"
    told.write_text(run([str(agents / "IPaddr2"), "meta-data"]).stdout)
    judged = run(["xmllint", "--noout", "--valid", "--path", str(DTD_FOLDER), str(told)])
    assert (judged.returncode, judged.stderr) == (0, "")


@pytest.mark.parametrize("name", OURS)
def test_the_metadata_of_each_plugin_of_ours_keeps_the_schema_of_fence_agents_or_of_resource_agents(
    tmp_path: Path, name: str
) -> None:
    need("xmllint")
    kind, _, plugin = name.partition(":")
    if not SCHEMAS[kind].exists():
        pytest.skip(f"no {SCHEMAS[kind]} here (setup/debian-packages names the package)")
    form, action = {"stonith": ("fence-agent", "--action=metadata"), "ra": ("ocf", "meta-data")}[kind]
    agent = tmp_path / f"fence_{plugin}"
    made = run([*HB, "export", form, name, "--out", str(agent)])
    assert made.returncode == 0, made.stderr
    told = tmp_path / "metadata.xml"
    told.write_text(run([str(agent), action]).stdout)
    judged = run(["xmllint", "--noout", "--nonet", "--nowarning", "--relaxng", str(SCHEMAS[kind]), str(told)])
    assert judged.returncode == 0, judged.stderr + told.read_text()


def python_for_everybody(aside: Path) -> str:
    """Return shell that lets everybody reach this Python, where a closed folder (/root) lies above it.

    ocf-tester asks for meta-data as nobody. For mounts of one's own: it covers the closed folder.
    """
    prefix = Path(sys.base_prefix).resolve()
    closed = next((each for each in reversed(prefix.parents) if not each.stat().st_mode & stat.S_IXOTH), None)
    if closed is None:
        return ""
    return f"""
        mount --bind {prefix} {aside} && mount -t tmpfs -o mode=755 none {closed} && mkdir -p {prefix} &&
        mount --bind {aside} {prefix} || exit 91
    """


@pytest.fixture
def host() -> "contextlib.AbstractContextManager[list[Namespace]]":
    if reason := why_not():
        pytest.skip(reason)
    return namespaces(2)


def test_ocf_tester_passes_an_address(
    agents: Path, tmp_path: Path, host: "contextlib.AbstractContextManager[list[Namespace]]"
) -> None:
    need("ocf-tester", "xmllint")
    tester = shutil.which("ocf-tester", path="/usr/sbin:/sbin:/usr/bin") or ""
    with host as (one, other):
        cable(one, "eth0", other, "eth0")
        one.ip("address", "add", "10.7.0.1/24", "dev", "eth0")
        trial = shlex.join([tester, "-v", "-n", "address", "-o", "ip=10.7.0.100", str(agents / "IPaddr2")])
        command = ["unshare", "-m", "sh", "-c", f"{python_for_everybody(tmp_path)}\nexec {trial}"]
        with one.entered():
            judged = run(command, cwd=agents, OCF_ROOT="/usr/lib/ocf", HA_RSCTMP=str(agents.parent))
        assert judged.returncode == 0, judged.stdout + judged.stderr
        assert "passed all tests" in judged.stdout
        assert "10.7.0.100" not in one.ip("address", "show", "eth0")
