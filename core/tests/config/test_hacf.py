"""Every directive: its value is checked, and it is honoured, noted or refused, never ignored."""

from typing import TYPE_CHECKING

import pytest
from heartbeat.config import values
from heartbeat.config.directives import DIRECTIVES, Directive, Standing
from heartbeat.config.values import Value

if TYPE_CHECKING:
    from core.tests.config.conftest import LoadText

CLASSIC = """node keepalive warntime deadtime initdead deadping udpport baud auto_failback nice_failback stonith
    stonith_host respawn failfast apiauth logfile debugfile logfacility use_logd conn_logd_time syslogmsgfmt log_badpack
    debug hopfudge hbgenmethod uuidfrom autojoin msgfmt compression compression_threshold traditional_compression
    max_rexmit_delay watchdog realtime rtprio memreserve cluster quorum_server use_apphbd coredumps coreroot env crm
    pacemaker crm_daemon_dir crmd_spawns_pengine record_config_changes record_pengine_inputs enable_config_writes
    normalpoll"""
"""All of heartbeat 3.0.6 but the media."""

EXAMPLE = {
    "conn_logd_time": "60",
    "compression": "bz2",
    "coreroot": "/var",
    "crm_daemon_dir": "/usr",
    "hbgenmethod": "time",
    "uuidfrom": "nodename",
    "msgfmt": "netstring",
    "hopfudge": "1",
    "compression_threshold": "2",
    "max_rexmit_delay": "250",
    "memreserve": "6500",
}


def of_standing(standing: Standing) -> list[Directive]:
    return [directive for directive in DIRECTIVES.values() if directive.standing is standing]


def codes(load_text: "LoadText", line: str) -> list[str]:
    return [one.code for one in load_text(more=line + "\n").findings if one.line == 9]


def test_every_directive_of_heartbeat_3_is_known() -> None:
    assert not set(CLASSIC.split()) - DIRECTIVES.keys()


@pytest.mark.parametrize("directive", of_standing(Standing.NOTED), ids=lambda one: one.name)
def test_what_has_no_effect_is_noted_and_its_value_checked(load_text: "LoadText", directive: Directive) -> None:
    if directive.name == "nice_failback":
        return  # translated: test_timers
    assert codes(load_text, f"{directive.name} {EXAMPLE.get(directive.name, 'yes')}") == ["HB-C013"]
    assert codes(load_text, directive.name) == ["HB-C014"]
    if directive.parse is not values.text:
        assert codes(load_text, f"{directive.name} %") == ["HB-C015"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("autojoin any", ["HB-C012"]),
        ("autojoin NONE", []),
        ("autojoin some", ["HB-C015"]),
        ("crm on", ["HB-C012"]),
        ("crm Respawn", ["HB-C012"]),
        ("crm off", []),
        ("crm perhaps", ["HB-C015"]),
        ("pacemaker ccm-only", ["HB-C012"]),
        ("pacemaker 0", []),
        ("use_apphbd on", ["HB-C012"]),
        ("use_apphbd off", []),
    ],
)
def test_what_promises_more_than_there_is_is_refused(load_text: "LoadText", line: str, told: list[str]) -> None:
    assert codes(load_text, line) == told


def test_every_refused_directive_says_why_and_every_noted_one_what_does_the_work() -> None:
    for directive in (*of_standing(Standing.REFUSED), *of_standing(Standing.NOTED)):
        assert len(directive.text) > 20, directive.name


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (values.boolean, "TRUE", True),
        (values.boolean, "y", True),
        (values.boolean, "1", True),
        (values.boolean, "Off", False),
        (values.boolean, "0", False),
        (values.duration, "365d", None),
        (values.duration, "1e3", None),
        (values.duration, "0", None),
        (values.duration, "0.0000000ms", None),
        (values.duration, "367h", 367 * 3600.0),
        (values.duration, "99999h", None),
        (values.delay, "0", 0.0),
        (values.delay, "0 s", 0.0),
        (values.delay, "1s", 1.0),
        (values.delay, "-1s", None),
        (values.number(1, 99), "99", 99),
        (values.number(1, 99), "0", None),
        (values.number(1, 99), "100", None),
        (values.number(1, 99), "0x10", None),
        (values.number(1, 99), "²", None),
        (values.number(1, 99), "+1", None),
        (values.path, "/a", "/a"),
        (values.path, "a", None),
        (values.choice("a", "b"), "B", "b"),
        (values.choice("a", "b"), "c", None),
        (values.every(("a", "b")), "A b a", ("a", "b", "a")),
        (values.every(("a", "b")), "a c", None),
        (values.assignment, "A_1=b =c", ("A_1", "b =c")),
        (values.assignment, "1A=b", None),
        (values.assignment, "A", None),
        (values.assignment, "A B=c", None),
    ],
)
def test_a_value_is_taken_or_refused_with_what_was_expected(
    parse: values.Parser, text: str, value: Value | None
) -> None:
    if value is not None:
        assert parse(text.split(" ")) == value
        return
    with pytest.raises(ValueError, match=r"\w"):
        parse(text.split(" "))


@pytest.mark.parametrize(
    ("line", "nearest"),
    [
        ("keepalife 1", "keepalive"),
        ("NODE node3", "node"),
        ("auto-failback on", "auto_failback"),
        ("broadcast eth0", "bcast"),
        ("zzz eth0", ""),
        ("mcats eth0", "mcast"),
        ("serail /dev/ttyS0", "serial"),
        ("auto_failback offf", "off"),
        ("logfacility demon", "daemon"),
        ("stonith_action rest", "reset"),
        ("rtprio 100", ""),
        ("baud 9601", ""),
    ],
)
def test_a_slip_of_the_pen_is_told_the_nearest_word(load_text: "LoadText", line: str, nearest: str) -> None:
    (finding,) = [one for one in load_text(more=line + "\n").errors if one.line == 9]
    assert finding.nearest == nearest


def test_a_medium_that_is_not_installed_names_its_package(load_text: "LoadText") -> None:
    (finding,) = [one for one in load_text(more="hbaping fc0\n").errors if one.line == 9]
    assert (finding.code, "no known package" in finding.mend) == ("HB-C011", True)
