"""Real agents of Debian's fence-agents: what they tell of themselves, and what they do to a simulated device."""

import contextlib
import socket
from pathlib import Path

import pytest
from heartbeat.plugin import BadConfig, PluginError, Power, StonithDevice, Unsupported, parse_params
from heartbeat.plugin.catalogue import class_of_type
from heartbeat_stonith_fence_agents import FenceAgent, metadata
from heartbeat_stonith_fence_agents.catalogue import FenceAgents
from heartbeat_stonith_fence_agents.doubts import NO_PROOF, doubt

SBIN = Path("/usr/sbin")
pytestmark = pytest.mark.skipif(not (SBIN / "fence_dummy").exists(), reason="fence-agents is not installed")

CUT_OFF = {"brocade", "cisco_mds", "ifmib", "mpath", "sanbox2", "scsi"}
NOT_ASKED = {"ovh", "rcd_serial"}


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> FenceAgents:
    monkeypatch.delenv("HB_FENCE_AGENTS", raising=False)
    return FenceAgents()


def device(agent: str, **raw: str) -> StonithDevice:
    params, problems = parse_params(FenceAgent.params, {"agent": str(SBIN / agent), **raw}, extra=True)
    assert not problems
    return FenceAgent(params)


def test_every_agent_is_listed_and_describes_itself(theirs: FenceAgents) -> None:
    entries = theirs.entries()
    assert len(entries) > 70
    for entry in entries:
        declared = class_of_type(FenceAgent, entry, theirs.about(entry))
        names = [name for param in declared.params for name in (param.name, *param.aliases)]
        assert len(set(names)) == len(names), f"{entry.name} has a parameter twice"
        assert "action" not in names
        assert set(declared.positional) <= set(names)


def test_old_and_new_names_are_one_parameter_and_passwords_are_secret(theirs: FenceAgents) -> None:
    entry = theirs.find("rhcs/apc_snmp")
    assert entry is not None
    assert entry.origin == "/usr/sbin/fence_apc_snmp"
    params = {param.name: param for param in theirs.describe(entry)}
    assert {params["ip"].aliases, params["password"].aliases, params["plug"].aliases} == {
        ("ipaddr",), ("passwd",), ("port",)
    }  # fmt: skip
    assert {name for name, param in params.items() if param.secret} == {"community", "password", "snmp_priv_passwd"}
    assert params["ipport"].default == 161
    assert params["ip"].required
    assert not params["plug"].required, "which plug is meant, the driver says"


def test_whose_off_proves_nothing_is_known_of_every_agent(theirs: FenceAgents) -> None:
    """The table holds for the agents that are here: who cuts off or cannot be asked shows in the meta-data."""
    doubted = {it.name: doubt(it.name, metadata.ask(Path(it.origin))) for it in theirs.entries()}
    names = {name.removeprefix("fence_") for name, why in doubted.items() if why and name not in NO_PROOF}
    assert names == CUT_OFF | NOT_ASKED
    assert NO_PROOF.keys() <= doubted.keys()


def test_one_machine_needs_its_node_and_a_plug_of_one_is_not_given_to_two() -> None:
    with pytest.raises(BadConfig, match="fence_ipmilan switches one machine: hostlist=NODE"):
        device("fence_ipmilan", ip="10.0.0.1").hosts()
    with pytest.raises(BadConfig, match="names 2"):
        device("fence_ipmilan", ip="10.0.0.1", hostlist="node1 node2").hosts()
    with pytest.raises(BadConfig, match="3 is the plug of one machine"):
        device("fence_apc", ip="10.0.0.1", port="3", hostlist="node1 node2").hosts()
    with pytest.raises(BadConfig, match="plug 2 to node1 and node2"):
        device("fence_apc", ip="10.0.0.1", outlets="node1=1+2,node2=2").hosts()
    with pytest.raises(BadConfig, match="missing_as_off proves nothing"):
        device("fence_virsh", ip="10.0.0.1", missing_as_off="1").hosts()
    with pytest.raises(BadConfig, match="fence_kdump cannot list"):
        device("fence_kdump").hosts()
    assert device("fence_ipmilan", ip="10.0.0.1", hostlist="node1").hosts() == ["node1"]


def test_fence_dummy_switches_its_file_and_is_never_believed(tmp_path: Path) -> None:
    file = tmp_path / "status"
    file.write_text("on")
    dummy = device("fence_dummy", hostlist="node1", status_file=str(file))
    dummy.status()
    dummy.switch("NODE1", Power.OFF)
    assert file.read_text() == "off"
    assert dummy.power("node1") is Power.UNKNOWN
    dummy.switch("node1", Power.ON)
    assert file.read_text() == "on"


def test_what_was_only_cut_off_is_not_let_in_again() -> None:
    with pytest.raises(Unsupported, match="restart node1"):
        device("fence_scsi", devices="/dev/null", hostlist="node1").switch("node1", Power.ON)


def test_an_agent_that_hangs_is_ended_with_what_it_has_started() -> None:
    with contextlib.closing(_Deaf()) as nobody:
        apc = device(
            "fence_apc", ip="127.0.0.1", ipport=str(nobody.port), username="apc", password="x", outlets="node1=1",
            login_timeout="60", shell_timeout="60", agent_timeout="2",
        )  # fmt: skip
        with pytest.raises(PluginError, match=r"fence_apc did not end within 2 s"):
            apc.power("node1")
        assert nobody.was_called
        assert not speaking_to(nobody.port)


def speaking_to(port: int) -> list[str]:
    """Return the programs with this port in their arguments, as ``telnet 127.0.0.1 PORT`` has it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            found += [process.name] if str(port).encode() in words else []
    return found


class _Deaf:
    """Takes connections and says nothing."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._socket.settimeout(5)

    @property
    def was_called(self) -> bool:
        with self._socket.accept()[0]:
            return True

    def close(self) -> None:
        self._socket.close()
