"""``hb plugin check`` without a file: the members are compared by what their beats told."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from click.testing import CliRunner, Result
from heartbeat.cli import hb
from heartbeat.model.status import ClusterStatus
from heartbeat.pils.fingerprint import fingerprint
from heartbeat.pils.lock import locked
from heartbeat.wire import api

if TYPE_CHECKING:
    from core.tests.conftest import FakeDaemon

HERE = [it for it in locked() if it.distribution in ("heartbeat-core", "heartbeat-ra-ip", "heartbeat-comm-udp")]


@pytest.fixture
def check(
    fake_daemon: "FakeDaemon", good_status: ClusterStatus, tmp_path: Path
) -> Callable[[str, tuple[str, ...]], Result]:
    def run(theirs: str, words: tuple[str, ...] = ()) -> Result:
        told = {True: fingerprint(HERE), False: theirs}
        nodes = tuple(msgspec.structs.replace(it, plugins=told[it.is_me]) for it in good_status.nodes)
        fake_daemon.will(api.GetStatus, api.Status(msgspec.structs.replace(good_status, nodes=nodes)))
        return CliRunner().invoke(hb, ["plugin", "check", *words], env={"HB_RUN_DIR": str(tmp_path)})

    return run


def test_equal_members_are_good(check: Callable[..., Result]) -> None:
    answer = check(fingerprint(HERE))
    assert (answer.exit_code, answer.stdout) == (0, "node2 and this node use the same plugins\n")


def test_a_member_with_another_version_is_named_with_the_distribution_and_the_mend(
    check: Callable[..., Result],
) -> None:
    other = [dataclasses.replace(it, version="9") if it.distribution == "heartbeat-ra-ip" else it for it in HERE]
    answer = check(fingerprint(other))
    assert answer.exit_code == 1
    assert answer.stdout.startswith("node2: heartbeat-ra-ip 4.0.0 is used here; another version or other files there\n")
    assert "    mend:  pip install heartbeat-ra-ip==" in answer.stdout
    (line,) = json.loads(check(fingerprint(other), ("--json",)).stdout)
    assert line.keys() == {"node", "distribution", "text", "mend"}
    assert (line["node"], line["distribution"]) == ("node2", "heartbeat-ra-ip")


def test_a_node_that_has_told_nothing_is_no_difference_and_is_named(check: Callable[..., Result]) -> None:
    answer = check("")
    assert (answer.exit_code, answer.stdout) == (0, "no other node was heard; nothing was told by node2\n")


def test_without_a_daemon_it_says_so_and_ends_with_3(tmp_path: Path) -> None:
    answer = CliRunner().invoke(hb, ["plugin", "check"], env={"HB_RUN_DIR": str(tmp_path)})
    assert answer.exit_code == 3
