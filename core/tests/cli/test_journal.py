"""``hb journal`` and ``hb why`` on a journal that a daemon left behind, with and without the daemon."""

import json
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from click.testing import CliRunner, Result
from heartbeat.cli import hb
from heartbeat.cli.journal_page import moment
from heartbeat.journal.append import Appender, Decided, Life, Lost, Operated
from heartbeat.journal.why import LINE_MAX
from heartbeat.model.operation import Outcome
from heartbeat.model.operation import Result as OperationResult
from heartbeat.model.reason import Decision, because
from heartbeat.model.status import ClusterStatus
from heartbeat.wire import api

if TYPE_CHECKING:
    from core.tests.conftest import FakeDaemon

WALL_S = 1_700_000_000.25
BOOT = "a-boot-long-ago"


def decided(number: int, kind: str, subject: str, text: str, *causes: int | str, alarm: bool = False) -> Decided:
    at_s = 100.0 + number
    return Decided(WALL_S + number, Decision(number, at_s, kind, subject, text, because(*causes), alarm))


@pytest.fixture
def writer(tmp_path: Path) -> Appender:
    journal = Appender(tmp_path / "journal.db", Life("node1", 7, BOOT, WALL_S, 100.0))
    journal.append(
        [
            decided(1, "node.silent", "node node2", "node2 is silent", "no frame for 1.002 s", alarm=True),
            decided(2, "fence.proved", "node node2", "node2 is off", 1),
            decided(3, "group.running", "group 10.0.0.1", "10.0.0.1 runs here", 2, "all resources started"),
        ]
    )
    return journal


def ask(path: Path, *args: str) -> Result:
    return CliRunner().invoke(hb, [*args, "--state", str(path), "--run-dir", str(path)])


def test_decisions_are_listed_with_time_number_kind_and_words(writer: Appender, tmp_path: Path) -> None:
    answer = ask(tmp_path, "journal")
    assert answer.exit_code == 0
    assert answer.stdout.splitlines() == [
        "-- node1, life 7",
        f"{moment(WALL_S + 1)}     #1 ! node.silent        node2 is silent",
        f"{moment(WALL_S + 2)}     #2   fence.proved       node2 is off",
        f"{moment(WALL_S + 3)}     #3   group.running      10.0.0.1 runs here",
    ]
    writer.close()


def test_the_options_choose(writer: Appender, tmp_path: Path) -> None:
    writer.close()

    def numbers(*args: str) -> list[int]:
        return [json.loads(line)["number"] for line in ask(tmp_path, "journal", "--json", *args).stdout.splitlines()]

    assert numbers() == [1, 2, 3]
    assert numbers("--kind", "node") == [1]
    assert numbers("--subject", "node2") == [1, 2]
    assert numbers("--alarm") == [1]
    assert numbers("-n", "1") == [3]
    assert numbers("--since", "10min") == []
    assert numbers("--since", "2023-01-01") == [1, 2, 3]


def test_json_has_the_causes_by_name(writer: Appender, tmp_path: Path) -> None:
    writer.close()
    last = json.loads(ask(tmp_path, "journal", "--json").stdout.splitlines()[-1])
    assert last["causes"] == [{"decision": 2, "fact": ""}, {"decision": 0, "fact": "all resources started"}]
    assert {"node", "incarnation", "boot_id", "number", "wall_s", "mono_s", "kind", "subject", "text", "alarm"} <= {
        *last
    }


def test_operations_are_shown_with_what_they_printed(writer: Appender, tmp_path: Path) -> None:
    result = OperationResult(Outcome.FAILED, "exit status 1", output="no such\x1b[0m device\nsorry\n", took_s=0.25)
    writer.append([Operated(WALL_S + 4, 104.0, 1, "start", "10.0.0.1", "10.0.0.1", "", result)])
    writer.close()
    assert ask(tmp_path, "journal", "--operations").stdout.splitlines() == [
        f"{moment(WALL_S + 4)} start 10.0.0.1 failed after 250 ms: exit status 1",
        "    no such?[0m device",
        "    sorry",
    ]


def test_rows_that_were_lost_are_not_passed_over_in_silence(writer: Appender, tmp_path: Path) -> None:
    writer.append([Lost(WALL_S + 5, 12, "the queue was full")])
    writer.close()
    assert "12 rows before" in ask(tmp_path, "journal").stderr


def test_follow_goes_on_with_what_comes(writer: Appender, tmp_path: Path) -> None:
    command = [sys.executable, "-uc", "from heartbeat.cli import main; main()"]
    arguments = ["journal", "--follow", "-n", "0", "--json", "--state", str(tmp_path)]
    with subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        deadline = time.monotonic() + 30
        number = 3
        # The reader's start is unknown: write until it has seen something, which must be something new.
        while process.poll() is None and time.monotonic() < deadline:
            number += 1
            writer.append([decided(number, "node.heard", "node node2", "node2 is heard", "a frame")])
            if select.select([process.stdout], [], [], 0.1)[0]:
                break
        seen = json.loads(process.stdout.readline())
        process.terminate()
    writer.close()
    assert seen["number"] > 3


def test_no_journal_is_one_line(tmp_path: Path) -> None:
    answer = ask(tmp_path, "journal")
    assert answer.exit_code == 1
    assert "there is no journal yet" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_a_broken_journal_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"this is no database, " * 100)
    answer = ask(tmp_path, "journal")
    assert answer.exit_code == 1
    assert "cannot be read" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_a_time_that_is_none_is_wrong_use(tmp_path: Path) -> None:
    answer = ask(tmp_path, "journal", "--since", "yesterday")
    assert answer.exit_code == 2
    assert "neither a duration" in answer.stderr


def test_why_tells_the_chain_without_a_daemon(writer: Appender, tmp_path: Path) -> None:
    writer.close()
    answer = ask(tmp_path, "why", "10.0.0.1")
    assert answer.exit_code == 0
    first, blank, *chain = answer.stdout.splitlines()
    assert first.startswith("the last that was written down, ")
    assert first.endswith(" ago: 10.0.0.1 runs here, because node2 is off")
    assert len(first) <= LINE_MAX
    assert blank == ""
    assert [line.strip() for line in chain[1:]] == [
        "because all resources started",
        "1 s earlier  node2 is off  [#2 <- #1]",
        "1 s earlier  node2 is silent  [#1]",
        "because no frame for 1.002 s",
    ]


def test_why_tells_the_present_with_a_daemon(
    writer: Appender, fake_daemon: "FakeDaemon", good_status: ClusterStatus, tmp_path: Path
) -> None:
    writer.close()
    fake_daemon.will(api.GetStatus, api.Status(good_status))
    answer = ask(tmp_path, "why", "10.0.0.1")
    assert answer.stdout.splitlines()[0].startswith("10.0.0.1 has been running on node1 for 12.5 s: node1 is home")
    data = json.loads(ask(tmp_path, "why", "node", "node2", "--json").stdout)
    assert data["from_daemon"] is True
    assert [step["number"] for step in data["steps"]] == [2, 1]


def test_an_unknown_word_gets_the_nearest_command(writer: Appender, tmp_path: Path) -> None:
    writer.close()
    answer = ask(tmp_path, "why", "node", "nod2")
    assert answer.exit_code == 2
    assert answer.stderr == "hb: nothing is known about 'node nod2'. Did you mean `hb why node node2`?\n"
    assert "`hb why 10.0.0.1`" in ask(tmp_path, "why", "10.0.0.2").stderr


def test_neither_daemon_nor_journal_is_three(tmp_path: Path) -> None:
    answer = ask(tmp_path, "why", "10.0.0.1")
    assert answer.exit_code == 3
    assert "--state" in answer.stderr


def test_a_journal_alone_missing_leaves_the_daemons_word(
    fake_daemon: "FakeDaemon", good_status: ClusterStatus, tmp_path: Path
) -> None:
    fake_daemon.will(api.GetStatus, api.Status(good_status))
    answer = ask(tmp_path, "why", "node", "node2")
    assert answer.exit_code == 0
    assert answer.stdout.splitlines()[0].startswith("node2 has been a member for 4 min 10 s")
    assert msgspec.json.decode(ask(tmp_path, "why", "node2", "--json").stdout)["steps"] == []
