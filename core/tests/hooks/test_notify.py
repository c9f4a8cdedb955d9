"""notify: a real command, a real relay on loopback, and no flood of either."""

import email
import email.policy
from pathlib import Path

import pytest
from heartbeat.hooks.notify import Notify
from heartbeat.model.status import ClusterStatus
from heartbeat.plugin import BadConfig, PluginError, parse_params

from core.tests.hooks.house import House
from core.tests.hooks.relay import relay

WRITES = """#!/bin/sh
echo "$HB_FACT|$HB_FACT_NODE|$HB_SUBJECT" >> {log}
cat >> {log}
"""


def script(folder: Path, text: str) -> Path:
    path = folder / "page-me"
    path.write_text(text)
    path.chmod(0o755)
    return path


def made(**raw: str) -> Notify:
    params, problems = parse_params(Notify.params, raw)
    assert not problems
    return Notify(params)


def fenced(notify: Notify, node: str = "node2") -> None:
    notify.node_fenced(node, "acme #1", f"{node} is off: read back")


def test_the_command_gets_the_message_and_its_particulars(tmp_path: Path) -> None:
    log = tmp_path / "log"
    notify = made(command=str(script(tmp_path, WRITES.format(log=log))))
    notify.status_changed({"node": "node1"})
    fenced(notify)
    message = "node2 was fenced: node2 is off: read back (switched by acme #1)"
    assert log.read_text() == f"node_fenced|node2|heartbeat on node1: {message}\n{message}\n"


@pytest.mark.parametrize(("about", "count"), [("alarms", 1), ("moves", 3), ("all", 6)])
def test_what_is_told_is_what_was_asked_for(tmp_path: Path, about: str, count: int) -> None:
    log = tmp_path / "log"
    notify = made(command=str(script(tmp_path, WRITES.format(log=log))), about=about)
    notify.decision_taken(1, "node.late", "node node2", "node2 is late", "info")
    notify.decision_taken(2, "fence.failed", "node node2", "node2 could not be switched off", "alarm")
    fenced(notify)
    notify.group_moved("10.0.0.1", "node2", "node1", 1.5)
    notify.view_installed(4, ["node1"], ["node2"], [])
    notify.link_changed("node2", "bcast/eth0", "down")
    notify.plugin_failed("stonith", "acme #1", "no answer")
    assert log.read_text().count("|heartbeat on ") == count
    assert "ALARM node2 could not be switched off" in log.read_text()


def test_more_than_the_limit_is_kept_back_and_told_with_the_next_one(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = str(script(tmp_path, WRITES.format(log=log)))
    notify = made(command=command, limit="2", per="1h")
    for number in range(5):
        fenced(notify, f"node{number}")
    assert log.read_text().count("node_fenced|") == 2
    notify.status_changed({"node": "node1"})
    assert "kept back" not in log.read_text(), "the hour is not over"


def test_when_messages_may_go_out_again_it_says_how_many_did_not(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = str(script(tmp_path, WRITES.format(log=log)))
    notify = made(command=command, limit="1", per="1")
    fenced(notify)
    fenced(notify)
    while "messages_kept_back" not in log.read_text():  # bounded by the test's own limit
        notify.status_changed({"node": "node1"})
    assert "1 messages before this one were not sent" in log.read_text()


def test_a_command_that_fails_or_hangs_is_an_error_with_its_name(tmp_path: Path) -> None:
    bad = made(command=str(script(tmp_path, "#!/bin/sh\nexit 7\n")))
    with pytest.raises(PluginError, match="page-me ended with status 7"):
        fenced(bad)
    hanging = made(command=str(script(tmp_path, "#!/bin/sh\nsleep 1000\n")), timeout="0.2")
    with pytest.raises(PluginError, match=r"page-me did not end within 0\.2 s and was killed"):
        fenced(hanging)
    missing = made(command=str(tmp_path / "nothing"))
    with pytest.raises(PluginError, match="No such file"):
        fenced(missing)


def test_mail_goes_through_the_relay_to_everybody(tmp_path: Path) -> None:
    with relay() as server:
        notify = made(
            mail_to="ops@example.com,boss@example.com",
            mail_from="heartbeat@node1.example",
            relay_port=str(server.port),
        )
        notify.status_changed({"node": "node1"})
        notify.group_moved("10.0.0.1", "node2", "node1", 1.5)
    (text,) = server.mails
    mail = email.message_from_string(text, policy=email.policy.default)
    assert mail["Subject"].strip() == "heartbeat on node1: group 10.0.0.1 moved from node2 to node1, away for 1.5 s"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["From"] == "heartbeat@node1.example"
    assert server.recipients == ["<ops@example.com>", "<boss@example.com>"]
    assert "away for 1.5 s" in text


def test_a_relay_that_refuses_or_is_not_there_is_an_error_and_the_command_runs_all_the_same(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = str(script(tmp_path, WRITES.format(log=log)))
    with relay(refuses=True) as server:
        refused = made(command=command, mail_to="ops@example.com", relay_port=str(server.port))
        with pytest.raises(PluginError, match=r"mail_to: .*nobody here"):
            fenced(refused)
    gone = made(command=command, mail_to="ops@example.com", relay_port=str(server.port))
    with pytest.raises(PluginError, match=r"mail_to: .*Connection refused"):
        fenced(gone)
    assert log.read_text().count("node_fenced|") == 2


def test_a_line_break_in_a_decision_makes_no_header(tmp_path: Path) -> None:
    with relay() as server:
        notify = made(mail_to="ops@example.com", relay_port=str(server.port))
        notify.decision_taken(1, "odd", "group x", "one\nBcc: thief@example.com", "alarm")
    assert email.message_from_string(server.mails[0])["Bcc"] is None


def test_one_that_could_tell_nobody_is_refused() -> None:
    with pytest.raises(BadConfig, match=r"command=\.\.\. or mail_to=\.\.\."):
        made()


def test_an_alarm_in_the_journal_becomes_a_run_of_the_command(
    home: House, good_status: ClusterStatus, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    home.configure("ear", f"notify command={script(tmp_path, WRITES.format(log=log))}")
    home.daemon_runs(good_status)
    home.start()
    home.ready()
    home.decide("fence.failed", "node node2", "node2 could not be switched off", alarm=True)
    home.until(lambda: log.exists() and "ALARM node2 could not be switched off" in log.read_text())
    assert "decision_taken||heartbeat on node1: ALARM" in log.read_text()
