"""Three files become one ClusterConfig: what each directive ends up as, and that nothing is half there."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from heartbeat.config.cluster_config import (
    ApiRule,
    ClientConfig,
    ClusterConfig,
    EnvSetting,
    LogConfig,
    MediumConfig,
    ProcessConfig,
)
from heartbeat.model.group import Group
from heartbeat.model.names import GroupName, NodeName

if TYPE_CHECKING:
    from core.tests.config.conftest import LoadText


def config_of(load_text: "LoadText", more: str = "", **facts: object) -> ClusterConfig:
    loaded = load_text(more=more, **facts)
    assert loaded.config is not None, loaded.errors
    assert loaded.keys is not None
    return loaded.config


def test_a_good_configuration_is_complete(load_text: "LoadText") -> None:
    config = config_of(load_text)
    assert config.node == "node1"
    assert config.cluster.name == "linux-ha"
    assert config.cluster.nodes == ("node1", "node2")
    assert config.media == (
        MediumConfig("bcast", "bcast/eth1", {"interface": "eth1"}),
        MediumConfig("ucast", "ucast/eth0", {"interface": "eth0", "peers": "10.0.0.2"}),
    )
    (group,) = config.cluster.groups
    assert (group.name, group.home, group.shares_data) == ("10.0.0.1", "node1", False)
    assert [(one.name, one.agent) for one in group.resources] == [("10.0.0.1", "IPaddr"), ("apache", "haresource")]
    assert group.resources[0].start_timeout_s == 20.0


def test_it_can_be_handed_to_another_process(load_text: "LoadText") -> None:
    config = config_of(load_text, "env A=b c\nrespawn root /bin/true --x\n")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(config), type=ClusterConfig) == config


@pytest.mark.parametrize("wrong", ["ha.cf", "haresources", "authkeys"])
def test_an_error_in_any_file_leaves_neither_configuration_nor_keys(load_text: "LoadText", wrong: str) -> None:
    texts: dict[str, str | None] = {"ha_cf": None, "haresources": None, "authkeys": None}
    texts[wrong.replace(".", "_")] = "\x00\n"
    loaded = load_text(**texts)
    assert loaded.errors
    assert (loaded.config, loaded.keys) == (None, None)


def test_warnings_advice_and_notes_keep_nothing_from_starting(load_text: "LoadText") -> None:
    loaded = load_text(more="use_logd yes\nwarntime 2s\n", authkeys="auth 1\n1 crc\n")
    assert {finding.severity.value for finding in loaded.findings} == {"warning", "advice", "note"}
    assert loaded.config is not None


def test_findings_come_in_the_order_of_file_and_place(load_text: "LoadText") -> None:
    loaded = load_text(more="zzz\naaa\n", haresources="node9 nothing\n", authkeys="1 x y\n")
    order = {"ha.cf": 0, "haresources": 1, "authkeys": 2}
    places = [(order[finding.file], finding.line, finding.column) for finding in loaded.findings]
    assert places == sorted(places)
    assert {file for file, _, _ in places} == {0, 1, 2}


def test_programs_rules_and_environment(load_text: "LoadText") -> None:
    config = config_of(
        load_text,
        "respawn hacluster /bin/a -x y\nfailfast root /bin/b\nrespawn hacluster /usr/lib/heartbeat/ipfail\n"
        "respawn stranger /bin/c\napiauth x uid=root,1000 gid=haclient\napiauth y gid=0\n"
        "env LANG=C UTF\nenv LANG=C UTF\n",
    )
    assert config.clients == (
        ClientConfig("hacluster", ("/bin/a", "-x", "y")),
        ClientConfig("root", ("/bin/b",), failfast=True),
    )
    assert config.api_rules == (ApiRule("x", ("root", "1000"), ("haclient",)), ApiRule("y", (), ("0",)))
    assert config.env == (EnvSetting("LANG", "C UTF"),)


def test_log_and_process(load_text: "LoadText") -> None:
    plain = config_of(load_text)
    assert (plain.log, plain.process) == (LogConfig(), ProcessConfig(group="haclient"))
    config = config_of(
        load_text,
        "logfile /a\ndebugfile /b\nlogfacility LOCAL0\ndebug 3\nrealtime off\nrtprio 7\nrun_as hacluster\n"
        "admin_group root\n",
    )
    assert config.log == LogConfig("/a", "/b", "local0", 3)
    assert config.process == ProcessConfig(realtime=False, rtprio=7, user="hacluster", group="root")


def test_without_the_usual_group_nobody_but_root_gives_orders(load_text: "LoadText") -> None:
    assert config_of(load_text, gid={}.get).process.group == ""


def test_time_limits_of_operations(load_text: "LoadText") -> None:
    config = config_of(load_text, "timeout apache start 90\ntimeout 10.0.0.1 monitor 500ms\n")
    address, apache = config.cluster.groups[0].resources
    assert (address.start_timeout_s, address.monitor_timeout_s, apache.start_timeout_s) == (20.0, 0.5, 90.0)


@pytest.mark.parametrize(
    ("facts", "nodeinfo", "node", "me"),
    [
        ({"hostname": "node2"}, "", None, "node2"),
        ({"hostname": "NODE2"}, "", None, "node2"),
        ({"hostname": "web7"}, "# us\n\n  Node2 rest\n", None, "node2"),
        ({"hostname": "node1"}, "node2\n", None, "node2"),
        ({"hostname": "node1"}, "# nothing\n", None, "node1"),
        ({"hostname": "web7"}, "node1\n", "node2", "node2"),
    ],
)
def test_a_node_is_called_by_argument_nodeinfo_or_host_name(
    load_text: "LoadText",
    tmp_path: Path,
    facts: dict[str, str],
    nodeinfo: str,
    node: str | None,
    me: str,
) -> None:
    if nodeinfo:
        (tmp_path / "nodeinfo").write_text(nodeinfo)
    loaded = load_text(node=node, **facts)
    assert loaded.survey.node == me


def test_a_stranger_is_told_how_to_become_a_node(load_text: "LoadText") -> None:
    (error,) = load_text(hostname="node1.example").errors
    assert (error.code, error.nearest) == ("HB-C034", "node1")
    assert "nodeinfo" in error.mend


def test_two_nodes_with_the_same_files_agree_on_everything(load_text: "LoadText") -> None:
    """Their digests are compared with each beat."""
    more = "stonith_host node2 rps10 /dev/ttyS1 node1 0\nrespawn root /bin/true\n"
    one, two = (config_of(load_text, more, node=node) for node in ("node1", "node2"))
    assert one.cluster == two.cluster
    assert one.cluster.digest == two.cluster.digest
    assert one.devices != two.devices


def test_the_order_of_lines_decides_nothing(load_text: "LoadText") -> None:
    lines = "udpport 695\nserial /dev/ttyS0\nbaud 9600\ntimeout apache stop 9\ncluster web\n"
    there = config_of(load_text, lines)
    back = config_of(load_text, "".join(reversed(lines.splitlines(keepends=True))))
    assert there.cluster == back.cluster
    assert sorted(there.media, key=str) == sorted(back.media, key=str)


def test_groups_stand_in_the_order_of_their_lines(load_text: "LoadText") -> None:
    loaded = load_text(haresources="node2 10.0.0.9\nnode1 10.0.0.3 \\\n apache\nNode1 10.0.0.1 # c\n")
    assert loaded.config is not None
    groups = loaded.config.cluster.groups
    assert [(group.name, group.home) for group in groups] == [
        ("10.0.0.9", "node2"),
        ("10.0.0.3", "node1"),
        ("10.0.0.1", "node1"),
    ]
    assert isinstance(groups[0], Group)
    assert groups[0].name == GroupName("10.0.0.9")
    assert groups[0].home == NodeName("node2")


@pytest.mark.parametrize(("nodes", "told"), [(100, False), (101, True)])
def test_a_hundred_nodes_are_the_most(load_text: "LoadText", nodes: int, *, told: bool) -> None:
    names = " ".join(f"n{number}" for number in range(nodes))
    loaded = load_text(ha_cf=f"node {names}\nbcast eth0 eth1\n", haresources="n1 10.0.0.1\n", hostname="n1")
    assert ("HB-C037" in {error.code for error in loaded.errors}) is told


@pytest.mark.parametrize(
    ("hostname", "need_own_node", "judged"),
    [("node1", True, True), ("NODE1", False, True), ("laptop", False, False), ("node2", False, True)],
)
def test_what_only_a_host_knows_is_judged_on_that_host(
    load_text: "LoadText", hostname: str, *, need_own_node: bool, judged: bool
) -> None:
    more = "bcast eth9\nrespawn stranger /bin/true\nrun_as stranger\napiauth x uid=stranger\n"
    loaded = load_text(more=more, hostname=hostname, need_own_node=need_own_node)
    told = {one.code for one in loaded.findings} & {"HB-C056", "HB-C121", "HB-C123", "HB-C124"}
    assert told == ({"HB-C056", "HB-C121", "HB-C123", "HB-C124"} if judged else set())


def test_a_node_that_is_named_is_not_this_host(load_text: "LoadText") -> None:
    loaded = load_text(more="bcast eth9\n", node="node2", need_own_node=False)
    assert "HB-C056" not in {one.code for one in loaded.findings}
    assert loaded.survey.node == "node2"
