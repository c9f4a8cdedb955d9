"""What an agent's exit status and words mean, what it is given, and whose plug is meant."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.plugin import (
    BadConfig,
    BadHost,
    NotInstalled,
    PluginError,
    Power,
    ResetFailed,
    StonithDevice,
    TimedOut,
    Unreachable,
    parse_params,
)
from heartbeat_stonith_fence_agents import FenceAgent
from heartbeat_stonith_fence_agents.metadata import parse
from heartbeat_stonith_fence_agents.plugs import parse_list
from heartbeat_stonith_fence_agents.simulator import METADATA, PASSWORD, PaperAgent


@pytest.fixture
def paper() -> Iterator[PaperAgent]:
    with contextlib.closing(PaperAgent()) as made:
        yield made


def agent(raw: dict[str, str]) -> StonithDevice:
    params, problems = parse_params(FenceAgent.params, raw, extra=True)
    assert not problems
    return FenceAgent(params)


class Saying:
    """An agent that does what a shell says, whatever it is asked."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "fence_words"
        (folder / "xml").write_text(METADATA)

    def agent(self, shell: str, **raw: str) -> StonithDevice:
        self.path.write_text(f'#!/bin/sh\n[ "$2" != metadata ] || exec cat "${{0%/*}}/xml"\ncat > /dev/null\n{shell}\n')
        self.path.chmod(0o755)
        return agent({"agent": str(self.path), "outlets": "node1=1", **raw})


@pytest.fixture
def words(tmp_path: Path) -> Saying:
    return Saying(tmp_path)


@pytest.mark.parametrize(
    ("shell", "power"),
    [
        ("echo 'Status: OFF'; exit 2", Power.OFF),
        ("echo noise; echo ' status: off '; echo more >&2; exit 2", Power.OFF),
        ("echo 'Status: ON'", Power.ON),
        ("exit 0", Power.ON),
    ],
)
def test_off_is_believed_when_status_and_text_say_so(words: Saying, shell: str, power: Power) -> None:
    assert words.agent(shell).power("node1") is power


@pytest.mark.parametrize(
    "shell",
    [
        "exit 2",
        "if",
        "exec python3 /no/such/agent",
        "echo 'Status: ON'; exit 2",
        "echo 'Status: OFF'; exit 0",
        "echo 'Status: OFF'; exit 1",
        "echo 'Status: OFF' >&2; exit 2",
        "echo 'Status: OFFLINE?'; exit 2",
        "echo 'Status: UNKNOWN'; exit 2",
        "echo 'Status: OFF'; kill -9 $$",
    ],
)
def test_everything_else_is_an_error_and_never_off(words: Saying, shell: str) -> None:
    with pytest.raises(PluginError, match="fence_words status: "):
        words.agent(shell).power("node1")


def test_an_order_that_ends_with_2_was_not_carried_out(words: Saying) -> None:
    with pytest.raises(ResetFailed, match=r"fence_words off: Status: OFF \(exit status 2\)"):
        words.agent("echo 'Status: OFF'; exit 2").switch("node1", Power.OFF)


@pytest.mark.parametrize(
    ("says", "error"),
    [
        ("Unable to connect/login to fencing device", Unreachable),
        ("Connection timed out", TimedOut),
        ("Connection lost", TimedOut),
        ("Failed: Timed out waiting to power OFF", ResetFailed),
        ("Failed: You have to enter plug number or machine identification", BadConfig),
    ],
)
def test_known_words_of_fencing_py_tell_which_error_it_is(words: Saying, says: str, error: type[PluginError]) -> None:
    with pytest.raises(error, match=says) as problem:
        words.agent(f"echo '2026-11-30 01:15:13,482 ERROR: {says}' >&2; exit 1").switch("node1", Power.OFF)
    assert "2026-11-30" not in str(problem.value)


def test_what_it_is_given_is_all_on_stdin(paper: PaperAgent) -> None:
    raw = {**paper.params(), "secure": "yes", "login": ' "a b" ', "delay": "0", "outlets": "node1=2"}
    agent(raw).switch("node1", Power.OFF)
    (given,) = paper.journal()
    assert given == {
        "action": "off", "ip": "10.0.0.7", "password": PASSWORD, "secure": "1", "login": '" "a b" "', "delay": "0",
        "plug": "2",
    }  # fmt: skip


def test_a_line_end_in_a_value_would_be_another_parameter(paper: PaperAgent) -> None:
    with pytest.raises(BadConfig, match="login has a line end"):
        agent({**paper.params(), "login": "x\naction=on"}).hosts()
    assert not paper.journal()


def test_secrets_are_blotted_out_of_what_it_says(words: Saying, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ResetFailed) as problem:
        words.agent("echo 'login with hunter2 failed' >&2; exit 1", passwd="hunter2").switch("node1", Power.OFF)
    told = str(problem.value) + capfd.readouterr().err
    assert "login with *** failed" in told
    assert "hunter2" not in told


def test_both_plugs_of_a_node_are_switched_and_one_that_is_on_is_enough(paper: PaperAgent) -> None:
    device = agent({**paper.params(), "outlets": "twin=1+4,node1=2"})
    device.switch("twin", Power.OFF)
    assert [given["plug"] for given in paper.journal()] == ["1", "4"]
    assert device.power("twin") is Power.OFF
    paper.turn(4, on=True)
    assert device.power("twin") is Power.ON


def test_a_configured_plug_is_that_of_the_one_node(paper: PaperAgent) -> None:
    device = agent({**paper.params(), "port": "3", "hostlist": "node10"})
    device.switch("node10", Power.OFF)
    assert not paper.is_on("node10")
    assert {given.get("plug") for given in paper.journal()} == {"3"}


def test_a_name_that_the_list_does_not_have_is_not_tried(paper: PaperAgent) -> None:
    with pytest.raises(BadHost, match="lists no plug that is called node2"):
        agent({**paper.params(), "hostlist": "node1 node2"}).switch("node2", Power.OFF)
    assert [given["action"] for given in paper.journal()] == ["list"]


def test_without_a_list_the_agent_is_given_the_name(paper: PaperAgent) -> None:
    (paper.folder / "names").write_text("N/A\n")
    with pytest.raises(PluginError, match="plug is not available"):
        agent({**paper.params(), "hostlist": "node1"}).switch("node1", Power.OFF)
    assert [given.get("plug") for given in paper.journal()] == [None, "node1"]
    with pytest.raises(BadConfig, match="lists no plugs"):
        agent(paper.params()).hosts()


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("1,node1\n2,\n", [("1", "node1"), ("2", "")]),
        ("vm7,6f1c\r\n", [("vm7", "6f1c")]),
        ("N/A\n", []),
        ("NOTICE: List option is not working on this device yet\n", []),
        (",x\n\n", []),
    ],
)
def test_lists(text: str, pairs: list[tuple[str, str]]) -> None:
    assert parse_list(text) == pairs


@pytest.mark.parametrize("text", ["", "<resource-agent>", "<resource-agent></b></resource-agent>"])
def test_what_is_no_meta_data_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"no (<resource-agent>|valid XML)"):
        parse(text)


def test_meta_data_with_noise_around_it_is_read() -> None:
    read = parse(f"/usr/sbin/x:5: DeprecationWarning: 'pipes'\n{METADATA}\nbye")
    assert read.about.positional == ("ip", "password", "plug", "secure")
    assert (read.plug, read.is_plug_required) == ("plug", True)


def test_an_agent_that_others_may_write_or_that_is_not_there_is_not_run(paper: PaperAgent) -> None:
    paper.path.chmod(0o757)
    with pytest.raises(NotInstalled, match=r"may be written by others.*chmod go-w"):
        agent(paper.params()).status()
    paper.path.unlink()
    with pytest.raises(NotInstalled, match="there is no agent"):
        agent(paper.params()).status()
