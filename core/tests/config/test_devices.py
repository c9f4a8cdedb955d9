"""A device's line: words by position or by name, a file of its own, and whom it can switch."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from heartbeat.config import codes
from heartbeat.config.cluster_config import DeviceConfig
from heartbeat.config.device_line import DeviceLine
from heartbeat.config.devices import params_of_words
from heartbeat.config.finding import Place
from heartbeat.model.names import NodeName
from heartbeat.plugin import Param, ParamKind, StonithDevice

if TYPE_CHECKING:
    from core.tests.config.conftest import LoadText


class Switch(StonithDevice):
    params = (
        Param("ipaddr", ParamKind.HOST, required=True, aliases=("ip",)),
        Param("login", required=True),
        Param("password", ParamKind.SECRET, required=True),
        Param("port", ParamKind.PORT, default=23),
    )
    positional = ("ipaddr", "login", "password")


class NamesOnly(StonithDevice):
    params = (Param("socket", ParamKind.PATH),)


class External(StonithDevice):
    params = (Param("plugin"),)
    extra_params = True


@pytest.mark.parametrize(
    ("device", "words", "params"),
    [
        (Switch, "10.0.0.3 admin pw", {"ipaddr": "10.0.0.3", "login": "admin", "password": "pw"}),
        (
            Switch,
            "10.0.0.3 admin pw with blanks",
            {"ipaddr": "10.0.0.3", "login": "admin", "password": "pw with blanks"},
        ),
        (Switch, "10.0.0.3 admin pw=1", {"ipaddr": "10.0.0.3", "login": "admin", "password": "pw=1"}),
        (Switch, "login=admin password=a=b ip=10.0.0.3", {"login": "admin", "password": "a=b", "ip": "10.0.0.3"}),
        (Switch, "port=24 10.0.0.3 admin pw", {"port": "24", "ipaddr": "10.0.0.3", "login": "admin", "password": "pw"}),
        (Switch, "10.0.0.3", {"ipaddr": "10.0.0.3"}),
        (Switch, "login=admin speed=9", {"login": "admin", "speed": "9"}),
        (Switch, "", {}),
        (NamesOnly, "socket=/run/x", {"socket": "/run/x"}),
        (NamesOnly, "/run/x", {"word 1": "/run/x"}),
        (External, "plugin=ssh hostlist=a,b", {"plugin": "ssh", "hostlist": "a,b"}),
    ],
)
def test_words_are_taken_by_name_or_by_place(device: type[StonithDevice], words: str, params: dict[str, str]) -> None:
    assert params_of_words(device, words.split()) == params


def device(load_text: "LoadText", line: str, **facts: object) -> DeviceConfig:
    loaded = load_text(more=line + "\n", **facts)
    assert loaded.config is not None, loaded.errors
    return loaded.config.devices[-1]


def test_the_line_of_the_seed_is_read(load_text: "LoadText") -> None:
    read = device(load_text, "stonith_host node1 rps10 /dev/ttyS1 node2 0")
    assert (read.type, read.params, read.hosts) == ("rps10", {"serial_to_targets": "/dev/ttyS1 node2 0"}, ("node2",))
    assert (read.can_read_power, read.worst_off_s, read.test_only) == (True, 6.0, "")


def test_how_long_switching_off_takes_may_depend_on_the_parameters(load_text: "LoadText") -> None:
    assert device(load_text, "stonith_host * rps10 /dev/slow node1 0").worst_off_s == 30.0


def test_a_device_keeps_the_number_of_its_line(load_text: "LoadText") -> None:
    """Names in the journal stay when another node's lines are left out."""
    more = "stonith_host node2 baytech 10.0.0.4 a b\nstonith_host node1 meatware node2"
    assert device(load_text, more).name == "meatware #3"


def test_words_may_stand_in_a_file_of_their_own(load_text: "LoadText", tmp_path: Path) -> None:
    (tmp_path / "switch.conf").write_text("# ours\n\n10.0.0.3 admin pw\nignored\n")
    read = device(load_text, f"stonith baytech {tmp_path}/switch.conf")
    assert read.params == {"ipaddr": "10.0.0.3", "login": "admin", "password": "pw"}


def test_a_serial_line_is_no_parameter_file(load_text: "LoadText") -> None:
    loaded = load_text(more="stonith rps10 /dev/ttyS1\n")
    assert [one.code for one in loaded.errors] == []
    assert loaded.survey.devices[-1].config.params == {"serial_to_targets": "/dev/ttyS1"}


def test_hosts_are_nodes_in_any_case(load_text: "LoadText") -> None:
    loaded = load_text(more="stonith_host * meatware NODE1 Node2\n")
    assert loaded.survey.devices[-1].config.hosts == ("node1", "node2")
    assert not [one for one in loaded.findings if one.code == "HB-C064"]


def test_a_host_that_is_no_node_is_told_with_its_place(load_text: "LoadText") -> None:
    (finding,) = [
        one for one in load_text(more="stonith_host * meatware node1 nod2\n").findings if one.code == "HB-C064"
    ]
    assert (finding.column, finding.nearest) == (31, "node2")


@pytest.mark.parametrize(("path", "is_told"), [("/dev/watchdog", True), ("/dev/watchdog1", False)])
def test_a_watchdog_that_a_receiver_feeds_is_not_the_daemons_too(
    load_text: "LoadText",
    path: str,
    is_told: bool,  # noqa: FBT001
) -> None:
    loaded = load_text(more=f"stonith_host * sbd node1 node2\nwatchdog {path}\n")
    assert [one.code for one in loaded.findings if one.code == "HB-C025"] == ["HB-C025"] * is_told
    assert not [one for one in load_text(more="watchdog /dev/watchdog\n").findings if one.code == "HB-C025"]


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        ("stonith_host * rps11 x", "HB-C060", 16),
        ("stonith nothing-at-all", "HB-C060", 9),
        ("stonith_host * baytech 10.0.0.3", "HB-C061", 24),
        ("stonith_host * rps10", "HB-C061", 16),
        ("stonith_host * null hostlist=node1 speed=9", "HB-C061", 36),
        ("stonith_host * baytech host=10.0.0.3 login=a password=b port=many", "HB-C061", 24),
        ("stonith_host node9 null node1", "HB-C065", 14),
        ("stonith rot", "HB-C020", 9),
        ("stonith deaf", "HB-C020", 9),
        ("stonith baytech /no/such/file", "HB-C062", 17),
        ("stonith_host *", "HB-C014", 1),
    ],
)
def test_what_is_wrong_with_a_line_is_told_at_its_word(
    load_text: "LoadText", line: str, code: str, column: int
) -> None:
    told = {(one.code, one.line, one.column) for one in load_text(more=line + "\n").errors}
    assert told == {(code, 9, column)}


LONG = "a-node-with-a-long-name"


def test_a_name_that_the_device_would_cut_is_refused(load_text: "LoadText") -> None:
    words = "stonith_host * baytech 10.0.0.3 admin secret"
    found = load_text(more=f"node {LONG}\n{words}\n").errors
    assert [(one.code, one.line, one.column) for one in found] == [("HB-C076", 10, 16)]
    assert LONG in found[0].message
    assert f"outlets={LONG}=NUMBER" in found[0].mend


def test_a_map_of_outlets_needs_no_names_of_the_device(load_text: "LoadText") -> None:
    words = f"stonith_host * baytech 10.0.0.3 admin secret outlets={LONG}=1,node1=2,node2=3"
    assert not load_text(more=f"node {LONG}\n{words}\n").errors


def test_what_the_device_itself_finds_wrong_is_told_in_its_words(load_text: "LoadText") -> None:
    words = "stonith_host * baytech 10.0.0.3 admin secret outlets=deep-thought=1"
    (found,) = load_text(more=f"{words}\n").errors
    assert (found.code, found.message) == ("HB-C061", "baytech: outlets: deep-thought stands alone")


@pytest.mark.parametrize(
    "words", ["hostlist=node2 ipaddr=10.0.0.3 password=pw", "hostlist=node2 10.0.0.3 pw"], ids=["named", "in order"]
)
def test_a_type_of_a_catalogue_is_checked_with_its_own_parameters_and_run_by_its_driver(
    load_text: "LoadText", words: str
) -> None:
    loaded = load_text(more=f"stonith_host * fence_two {words}\n")
    assert loaded.config is not None, loaded.errors
    *_, made = loaded.config.devices
    assert (made.name, made.type, made.hosts) == (f"fence_two #{len(loaded.config.devices)}", "fence", ("node2",))
    given = {name.removesuffix("addr"): value for name, value in made.params.items()}
    assert given == {"agent": "/usr/sbin/fence_two", "hostlist": "node2", "ip": "10.0.0.3", "password": "pw"}


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("fence_two ip=10.0.0.3 trys=3", codes.DEVICE_PARAMETER, "is no parameter"),
        ("fence_two ip=10.0.0.3 tries=many", codes.DEVICE_PARAMETER, "tries"),
        ("fence_two password=pw", codes.DEVICE_PARAMETER, "ip is missing"),
        ("fence_mute ip=10.0.0.3", codes.BROKEN_PLUGIN, "/usr/sbin/fence_mute says nothing"),
        ("fence_too ip=10.0.0.3", codes.DEVICE_NOT_INSTALLED, "fence_too"),
    ],
)
def test_what_is_wrong_with_a_type_of_a_catalogue_is_found(
    load_text: "LoadText", line: str, code: codes.Code, told: str
) -> None:
    found = load_text(more=f"stonith_host * {line}\n").errors
    assert [one.code for one in found] == [code.code]
    assert told in found[0].message
    assert "pw" not in found[0].message


@pytest.mark.parametrize(("itself_only", "covered"), [(False, True), (True, False)])
def test_a_device_that_switches_its_own_machine_covers_nobody_whoever_may_use_it(
    *, itself_only: bool, covered: bool
) -> None:
    """Otherwise the others would wait for a silent node that nobody can switch off."""
    own = DeviceConfig("own #1", "own", {}, (), can_read_power=False, worst_off_s=1.0)
    line = DeviceLine(own, None, Place("ha.cf"), itself_only=itself_only)
    nodes = [NodeName("node1"), NodeName("node2")]
    assert [line.could_fence(node, nodes) for node in nodes] == [covered, covered]
