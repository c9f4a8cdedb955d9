"""What a word of haresources is: entry point, then resource.d, then init.d, then OCF; and what it needs."""

from typing import TYPE_CHECKING

import pytest
from heartbeat.config.haresources import is_bare_ipv6, spell
from heartbeat.config.resources import ResourceSurvey

if TYPE_CHECKING:
    from core.tests.config.conftest import LoadText


def resource(load_text: "LoadText", word: str) -> ResourceSurvey:
    loaded = load_text(haresources=f"node1 {word}\n", more="acknowledge no-stonith\n")
    return loaded.survey.groups[0].resources[0]


@pytest.mark.parametrize(
    ("word", "agent", "found_in"),
    [
        ("10.0.0.1", "IPaddr", "entry point IPaddr"),
        ("IPaddr::10.0.0.1", "IPaddr", "entry point IPaddr"),
        ("billing", "haresource", "/etc/ha.d/resource.d/billing"),
        ("apache", "haresource", "/etc/init.d/apache"),
        ("ocf:heartbeat:mysql", "ocf", "/usr/lib/ocf/resource.d/heartbeat:mysql"),
        ("APACHE", "", ""),
        ("ocf:heartbeat:none", "", ""),
    ],
)
def test_the_first_place_that_knows_a_word_counts(load_text: "LoadText", word: str, agent: str, found_in: str) -> None:
    survey = resource(load_text, word)
    assert (survey.agent, survey.found_in) == (agent, found_in)


def test_a_plugin_before_a_script_of_its_name_is_noted(load_text: "LoadText") -> None:
    loaded = load_text(haresources="node1 IPaddr2::10.0.0.1 IPaddr::10.0.0.2\n")
    shadowed = [finding for finding in loaded.findings if finding.code == "HB-C093"]
    assert [(finding.line, finding.column) for finding in shadowed] == [(1, 25)], "there is no script IPaddr2"


def test_arguments_reach_the_agent_by_position_or_by_the_catalogues_rule(load_text: "LoadText") -> None:
    loaded = load_text(haresources="node1 Filesystem::/dev/sdb1::/srv apache::80::x ocf:heartbeat:mysql::user=root\n")
    assert loaded.config is not None
    assert [one.params for one in loaded.config.cluster.groups[0].resources] == [
        {"device": "/dev/sdb1", "directory": "/srv"},
        {"script": "/etc/init.d/apache", "arguments": "80 x"},
        {"type": "ocf:heartbeat:mysql", "user": "root"},
    ]


@pytest.mark.parametrize(
    ("text", "word", "arguments"),
    [
        ("apache", "apache", ()),
        ("a::b::c", "a", ("b", "c")),
        ("a::", "a", ("",)),
        ("a::b:c", "a", ("b:c",)),
        ("10.0.0.1", "IPaddr", ("10.0.0.1",)),
        ("10.0.0.1/24/eth0:web/10.0.0.255", "IPaddr", ("10.0.0.1/24/eth0:web/10.0.0.255",)),
        ("IPaddr2::[fd00::1]/64", "IPaddr2", ("[fd00::1]/64",)),
        ("x::[::1]::[::2]", "x", ("[::1]", "[::2]")),
        ("x::[a::b", "x", ("[a", "b")),
        ("x]::y", "x]", ("y",)),
        ("10.0.0.1.example", "10.0.0.1.example", ()),
    ],
)
def test_a_word_is_cut_at_double_colons_outside_brackets(text: str, word: str, arguments: tuple[str, ...]) -> None:
    spelling = spell(text)
    assert (spelling.word, spelling.arguments, spelling.name) == (word, arguments, text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a::password=x", "a::password=***"),
        ("a::db_passwd=x=y::b", "a::db_passwd=***::b"),
        ("a::SECRET=x", "a::SECRET=***"),
        ("a::b=1,token=x", "a::b=1,token=***"),
        ("a::password=", "a::password="),
        ("a::compass::b=x", "a::compass::b=x"),
    ],
)
def test_the_value_of_what_looks_like_a_secret_is_in_no_name(text: str, name: str) -> None:
    assert spell(text).name == name


@pytest.mark.parametrize(
    "text", ["fd00::1", "fd00::1/64", "IPaddr2::fd00::1", "IPaddr::fd00::1/64", "::1", "IPaddr2::::1", "[fd00::1]/64"]
)
def test_an_ipv6_address_without_brackets_is_recognised(load_text: "LoadText", text: str) -> None:
    assert is_bare_ipv6(text)
    codes = {finding.code for finding in load_text(haresources=f"node1 {text}\n").errors}
    assert codes == {"HB-C088"}


@pytest.mark.parametrize(
    "text", ["apache", "x::y", "IPaddr2::10.0.0.1", "IPaddr2::[fd00::1]/999", "ocf:heartbeat:mysql", ":", ""]
)
def test_other_words_are_no_ipv6_addresses(text: str) -> None:
    assert not is_bare_ipv6(text)


def test_who_says_whether_data_is_shared_is_told(load_text: "LoadText") -> None:
    lines = "node1 10.0.0.1 Filesystem::/dev/sdb1::/srv mysql billing apache datadisk::r0\n"
    said = load_text(haresources=lines, more="shares_data apache yes\n").survey.groups[0].resources
    assert [(one.shares_data, one.known_by) for one in said] == [
        (False, "the agent"),
        (True, "the agent"),
        (True, "well known"),
        (True, "nobody knows"),
        (True, "ha.cf line 9"),
        (True, "well known"),
    ]


def test_a_whole_resource_is_stronger_than_its_type(load_text: "LoadText") -> None:
    more = "shares_data apache yes\nshares_data apache::80 no\n"
    said = load_text(haresources="node1 apache::80 apache::81\n", more=more).survey.groups[0].resources
    assert [one.shares_data for one in said] == [False, True]


def test_claims_are_compared_as_values_and_only_between_groups(load_text: "LoadText") -> None:
    def refused(lines: str) -> list[tuple[int, int]]:
        return [(one.line, one.column) for one in load_text(haresources=lines).errors if one.code == "HB-C085"]

    assert refused("node1 10.0.0.1\nnode2 IPaddr2::10.0.0.1/24\n") == [(2, 7)]
    assert refused("node1 IPaddr2::[fd00:0:0::1]\nnode2 IPaddr2::[FD00::1]/64\n") == [(2, 7)]
    assert refused("node1 10.0.0.1 IPaddr2::10.0.0.1/24\n") == []
    assert refused("node1 10.0.0.1\nnode2 10.0.0.2\n") == []
