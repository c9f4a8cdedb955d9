"""What a status means: texts of real scripts, and the traps in them."""

import pytest
from heartbeat.plugin import Health
from heartbeat_ra_haresource.status import Answer, Unclear, judge_init, judge_text

RUNNING, STOPPED, FAILED = Health.RUNNING, Health.STOPPED, Health.FAILED


@pytest.mark.parametrize(
    ("text", "health"),
    [
        ("running", RUNNING),
        ("running OK\n", RUNNING),
        ("INFO: Running OK\n", RUNNING),
        ("nginx is RUNNING\n", RUNNING),
        ("OK", RUNNING),
        ("running (Primary)", RUNNING),
        ("cannot determine status, may be running", RUNNING),
        ("billing (pid 17) is\nrunning...\n", RUNNING),
        ("not running", STOPPED),
        ("apache is NOT running.\n", STOPPED),
        ("httpd not  running\n", STOPPED),
        ("INFO: Resource is stopped\n", STOPPED),
        ("stopped (Secondary)", STOPPED),
        ("stopped, OK\n", STOPPED),
        ("running is good, not running is bad", STOPPED),
        ("BROKEN", STOPPED),
        ("ok", STOPPED),
        ("down", STOPPED),
        ("", STOPPED),
        ("usage: script {start|stop}", STOPPED),
    ],
)
@pytest.mark.parametrize("code", [0, 1, 3, 7])
def test_the_text_alone_judges_resource_scripts(text: str, health: Health, code: int) -> None:
    assert judge_text(Answer(code, text)) is health


def test_a_text_that_says_both_is_no_answer() -> None:
    with pytest.raises(Unclear, match="both running and stopped: 3 running, 1 stopped"):
        judge_text(Answer(0, "3 running,\n1 stopped"))


def test_a_script_that_was_killed_has_not_said_that_it_is_stopped() -> None:
    with pytest.raises(Unclear, match="signal 11"):
        judge_text(Answer(-11, ""))
    assert judge_text(Answer(-9, "stopped")) is STOPPED


@pytest.mark.parametrize(
    ("code", "text", "health"),
    [
        (0, "sshd is running.\n", RUNNING),
        (0, "15/main (port 5432): online\n", RUNNING),
        (0, "ntpd is stopped\n", STOPPED),
        (0, "mysql is not running\n", STOPPED),
        (1, "dead but pid file exists\n", FAILED),
        (2, "dead but lock file exists\n", FAILED),
        (3, "", STOPPED),
        (3, "No daemon running\n", STOPPED),
        (3, "   Active: inactive (dead)\n", STOPPED),
    ],
)
def test_init_scripts_are_judged_by_their_exit_status_and_their_text(code: int, text: str, health: Health) -> None:
    assert judge_init(Answer(code, text)) is health


@pytest.mark.parametrize(
    ("code", "text", "why"),
    [
        (0, "", "said nothing"),
        (1, "Usage: /etc/init.d/old {start|stop}\n", "does not know"),
        (2, "usage: ...\n", "does not know"),
        (4, "unknown\n", "ended with 4"),
        (7, "", "ended with 7"),
        (150, "", "ended with 150"),
        (-15, "", "ended with -15"),
    ],
)
def test_what_says_nothing_is_neither_running_nor_stopped(code: int, text: str, why: str) -> None:
    with pytest.raises(Unclear, match=why):
        judge_init(Answer(code, text))
