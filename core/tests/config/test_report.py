"""The report's keys are stable, its lines fit a terminal, and JSON and text say the same."""

import json
from typing import TYPE_CHECKING, Any

from heartbeat.config.finding import SAME_MAX, TEXT_MAX, Findings, Place, Severity
from heartbeat.config.report import SHOWN_MAX, as_json, finding_lines, text_lines

if TYPE_CHECKING:
    from core.tests.config.conftest import LoadText

from heartbeat.config import codes


def keys(value: Any) -> Any:
    """Return the shape of a report: of lists the first element's."""
    if isinstance(value, dict):
        return {key: keys(inner) for key, inner in value.items()}
    return (
        [keys(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else type(value).__name__
    )


def test_the_keys_of_json_are_these(load_text: "LoadText") -> None:
    """Scripts read them: add, never rename or remove."""
    report = as_json(load_text(more="use_logd yes\n"), "/etc/ha.d")
    assert keys(json.loads(json.dumps(report))) == {
        "ok": "bool",
        "directory": "str",
        "node": "str",
        "counts": {"error": "int", "warning": "int", "advice": "int", "note": "int"},
        "findings": [
            {
                "code": "str",
                "severity": "str",
                "file": "str",
                "line": "int",
                "column": "int",
                "message": "str",
                "expected": "str",
                "nearest": "str",
                "mend": "str",
            }
        ],
        "nodes": "list",
        "timers": {"keepalive_s": "float", "warntime_s": "float", "deadtime_s": "float", "initdead_s": "float"},
        "links": [{"name": "str", "directive": "str", "line": "int", "pings": "bool"}],
        "devices": [
            {
                "name": "str",
                "type": "str",
                "driver": "str",
                "hosts": "list",
                "test_only": "str",
                "can_read_power": "bool",
                "worst_off_s": "float",
                "dead_off_read_back_s": "float",
            }
        ],
        "groups": [
            {
                "name": "str",
                "home": "str",
                "line": "int",
                "shares_data": "bool",
                "resources": [
                    {"name": "str", "agent": "str", "found_in": "str", "shares_data": "bool", "known_by": "str"}
                ],
            }
        ],
    }


def test_the_keys_are_there_when_nothing_else_is(load_text: "LoadText") -> None:
    empty = as_json(load_text(ha_cf="", haresources="", authkeys=""), "/etc/ha.d")
    assert empty["ok"] is False
    assert empty.keys() == as_json(load_text(), "/etc/ha.d").keys()


def test_text_and_json_tell_the_same_findings(load_text: "LoadText") -> None:
    loaded = load_text(more="zzz\nuse_logd yes\n", authkeys="auth 1\n1 crc\n")
    report = as_json(loaded, "DIR")
    text = "\n".join(text_lines(loaded))
    for finding in report["findings"]:
        assert f"{finding['severity']} {finding['code']}: {finding['message']}" in text
    assert sum(report["counts"].values()) == len(report["findings"])
    assert f"result: {report['counts']['error']} error" in text


def test_a_finding_shows_its_line_with_a_caret_under_its_word(load_text: "LoadText") -> None:
    loaded = load_text(more="  debug lots # why\n")
    (error,) = loaded.errors
    assert list(finding_lines(loaded, error)) == [
        "  ha.cf:9:9: error HB-C015: 'lots' is not valid for debug",
        "        debug lots # why",
        "              ^",
        "    expected: a whole number from 0 to 255",
        "    mend:     write debug 0..255",
    ]


def test_of_a_long_line_the_piece_around_the_caret_is_shown(load_text: "LoadText") -> None:
    words = " ".join(f"10.{n // 250}.{n % 250}.1" for n in range(1000))
    loaded = load_text(haresources=f"node1 {words} here-is-it\n")
    (finding,) = [one for one in loaded.findings if "here-is-it" in one.message]
    _, shown, caret, *_ = finding_lines(loaded, finding)
    assert len(shown) < SHOWN_MAX + 20
    assert shown[caret.index("^") :].startswith("here-is-it")


def test_of_many_findings_alike_the_last_says_that_there_may_be_more() -> None:
    found = Findings()
    for number in range(1, 500):
        found.add(codes.UNKNOWN_DIRECTIVE, Place("ha.cf", number, 1), "no directive")
    found.add(codes.UNKNOWN_DIRECTIVE, Place("haresources", 1, 1), "another file has its own hundred")
    told = list(found)
    assert len(told) == SAME_MAX + 1
    assert ["may be more" in one.message for one in told] == [False] * (SAME_MAX - 1) + [True, False]


def test_a_message_quotes_only_so_much() -> None:
    found = Findings()
    found.add(codes.UNKNOWN_DIRECTIVE, Place("ha.cf", 1, 1), "x" * TEXT_MAX)
    found.add(codes.UNKNOWN_DIRECTIVE, Place("ha.cf", 2, 1), "x" * (TEXT_MAX + 1))
    assert [one.message for one in found] == ["x" * TEXT_MAX, "x" * (TEXT_MAX - 4) + " ..."]


def test_a_message_is_one_line_whatever_a_plugin_says() -> None:
    found = Findings()
    found.add(codes.BROKEN_PLUGIN, Place("ha.cf", 1, 1), "it failed:\n\x1b[31mTraceback\n")
    assert [one.message for one in found] == ["it failed: [31mTraceback "]


def test_the_nearest_word_ignores_case_and_far_words_are_none() -> None:
    found = Findings()
    words = ("keepalive", "deadtime", "Filesystem")
    assert [found.nearest(word, lambda: words) for word in ("KeepAlive", "dedtime", "filesistem", "watchdog", "")] == [
        "keepalive",
        "deadtime",
        "Filesystem",
        "",
        "",
    ]


def test_codes_have_numbers_that_sort_and_titles_that_differ() -> None:
    assert list(codes.CODES) == sorted(codes.CODES)
    assert len({code.title for code in codes.CODES.values()}) == len(codes.CODES)
    assert {code.severity for code in codes.CODES.values()} == set(Severity)
