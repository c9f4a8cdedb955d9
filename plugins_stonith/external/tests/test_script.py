"""How a script is called, what it is told of, and what its answers are worth."""

import contextlib
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.plugin import BadConfig, BadHost, NotInstalled, PluginError, Power, ResetFailed, TimedOut, parse_params
from heartbeat_stonith_external import External, about
from heartbeat_stonith_external.simulator import PASSWORD, PaperScript


@pytest.fixture
def paper() -> Iterator[PaperScript]:
    with contextlib.closing(PaperScript()) as made:
        yield made


def device(raw: dict[str, str]) -> External:
    params, problems = parse_params(External.params, raw, extra=True)
    assert not problems
    return External(params)


def script(folder: Path, shell: str) -> dict[str, str]:
    """Return the parameters of a script that does what a shell says."""
    path = folder / "words"
    path.write_text(f"#!/bin/sh\n{shell}\n")
    path.chmod(0o755)
    return {"script": str(path)}


def test_it_is_called_with_verb_and_node_and_its_parameters_are_all_of_its_environment(
    paper: PaperScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOMEBODY_ELSES", "1")
    device({**paper.params(), "livedangerously": "yes"}).switch("NODE1", Power.OFF)
    assert paper.journal() == ["gethosts", "off node1"]
    found = paper.environment("off")
    assert {name: found[name] for name in ("hostlist", "passwd", "livedangerously", "HA_LOGTAG")} == {
        "hostlist": "node1,node10,twin", "passwd": PASSWORD, "livedangerously": "yes", "HA_LOGTAG": "external/paper",
    }  # fmt: skip
    assert found["PATH"].startswith("/usr/share/cluster-glue:")
    assert not {"SOMEBODY_ELSES", "script", "script_timeout"} & found.keys()


def test_reset_in_place_of_off_where_a_script_knows_nothing_else(paper: PaperScript) -> None:
    device({**paper.params(), "script_off": "reset"}).switch("node10", Power.OFF)
    assert paper.journal()[-1] == "reset node10"
    assert paper.is_on("node1")


def test_parameters_are_told_in_order_and_passwords_are_secret(paper: PaperScript) -> None:
    told = about.ask(paper.path)
    assert (told.title, told.positional, told.extra_params) == ("Switches files.", ("hostlist", "passwd"), True)
    params = {param.name: param for param in told.params}
    assert params["passwd"].secret
    assert params["hostlist"].help == "The nodes."
    assert (params["speed"].default, params["speed"].required) == ("9600", False)


@pytest.mark.parametrize("xml", ["exit 1", "echo '<parameters><parameter'", "echo nothing"])
def test_a_description_that_is_none_costs_helps_alone(tmp_path: Path, xml: str) -> None:
    raw = script(tmp_path, f"case $1 in getconfignames) echo a b ;; getinfo-xml) {xml} ;; *) exit 1 ;; esac")
    told = about.ask(Path(raw["script"]))
    assert [param.name for param in told.params] == ["a", "b"]
    assert all(param.required for param in told.params)


@pytest.mark.parametrize("shell", ["exit 1", "echo 'a;b c'"])
def test_without_names_of_parameters_it_is_no_script_of_this_kind(tmp_path: Path, shell: str) -> None:
    with pytest.raises(PluginError, match="external/words getconfignames"):
        about.ask(Path(script(tmp_path, shell)["script"]))


@pytest.mark.parametrize(
    ("answer", "told"),
    [("echo", "names no node"), ("echo 'node1 $(reboot)'", "can be no node's name"), ("exit 3", r"exit status 3")],
)
def test_an_answer_that_names_no_nodes_is_an_error(tmp_path: Path, answer: str, told: str) -> None:
    with pytest.raises(PluginError, match=told):
        device(script(tmp_path, f"[ $1 != gethosts ] || {{ {answer}; exit; }}")).hosts()


@pytest.mark.parametrize("node", ["node1; reboot", "$(reboot)", "-x", "node1\nnode10", "a b"])
def test_what_can_be_no_name_never_reaches_a_script(paper: PaperScript, node: str) -> None:
    with pytest.raises(BadHost):
        device(paper.params()).switch(node, Power.OFF)
    assert not paper.journal()


def test_its_failure_is_told_without_its_secrets(paper: PaperScript, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PluginError, match=r"external/paper status: login with \*\*\* failed \(exit status 1\)"):
        device({**paper.params(), "passwd": "hunter3-hunter3"}).status()
    assert "hunter3" not in capfd.readouterr().err


def test_an_order_that_ends_by_a_signal_failed(tmp_path: Path) -> None:
    with pytest.raises(ResetFailed, match="ended by signal 9"):
        device(script(tmp_path, "[ $1 = off ] || { echo node1; exit; }; kill -9 $$")).switch("node1", Power.OFF)


def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    raw = script(tmp_path, "[ $1 = off ] || { echo node1; exit; }; sleep 600 | cat")
    with pytest.raises(TimedOut, match=r"did not end within 0\.5 s"):
        device({**raw, "script_timeout": "500ms"}).switch("node1", Power.OFF)


def test_what_cannot_stand_in_an_environment_is_refused(paper: PaperScript) -> None:
    with pytest.raises(BadConfig, match="cannot stand in an environment"):
        device({**paper.params(), "x": "a\0b"}).status()


def test_one_that_others_may_write_is_not_run(paper: PaperScript) -> None:
    paper.path.chmod(0o755 | stat.S_IWGRP)
    with pytest.raises(NotInstalled, match=r"may be written by others.*chmod go-w"):
        device(paper.params()).status()
