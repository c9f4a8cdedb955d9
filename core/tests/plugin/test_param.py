"""Parameters: every kind, every bound, all problems together, and no secret in any text."""

import copy
import pickle

import pytest
from heartbeat.plugin import BadParameter, Param, ParamKind, Params, Secret, parse_params

DECLARED = (
    Param("host", ParamKind.HOST, required=True, example="10.0.0.7", aliases=("ipaddr",)),
    Param("password", ParamKind.SECRET),
    Param("port", ParamKind.PORT, default=23),
    Param("wait", ParamKind.SECONDS, minimum=0.5, maximum=60.0, unit="s"),
)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (ParamKind.STR, " as it is ", " as it is "),
        (ParamKind.INT, "0x10", 16),
        (ParamKind.INT, "-3", -3),
        (ParamKind.BOOL, "Yes", True),
        (ParamKind.BOOL, "off", False),
        (ParamKind.SECONDS, "200ms", 0.2),
        (ParamKind.SECONDS, "1.5", 1.5),
        (ParamKind.SECONDS, "2min", 120.0),
        (ParamKind.SECONDS, "1h", 3600.0),
        (ParamKind.HOST, "pdu-1.example", "pdu-1.example"),
        (ParamKind.HOST, "fe80::1%eth0", "fe80::1%eth0"),
        (ParamKind.ADDRESS, "[FD00:0::1]", "fd00::1"),
        (ParamKind.PORT, "65535", 65535),
        (ParamKind.PATH, "/dev/ttyS1", "/dev/ttyS1"),
        (ParamKind.INTERFACE, "enp0s31f6.4094", "enp0s31f6.4094"),
        (ParamKind.HOSTS, "node1, node2 node3", ("node1", "node2", "node3")),
        (ParamKind.HOSTMAP, "node1=1,node2=A/2", {"node1": "1", "node2": "A/2"}),
        (ParamKind.SECRET, "s3cret", Secret("s3cret")),
    ],
)
def test_each_kind_reads_what_an_administrator_writes(kind: ParamKind, text: str, value: object) -> None:
    read = Param("p", kind).parse(text)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ParamKind.INT, "1.5"),
        (ParamKind.BOOL, "maybe"),
        (ParamKind.SECONDS, "2 weeks"),
        (ParamKind.SECONDS, "-1"),
        (ParamKind.HOST, "two words"),
        (ParamKind.HOST, ""),
        (ParamKind.ADDRESS, "10.0.0.256"),
        (ParamKind.PORT, "0"),
        (ParamKind.PORT, "65536"),
        (ParamKind.PATH, "etc/ha.d"),
        (ParamKind.INTERFACE, "a-name-of-16-bytes"),
        (ParamKind.INTERFACE, "eth0/1"),
        (ParamKind.HOSTS, " , "),
        (ParamKind.HOSTMAP, "node1=1,node2"),
        (ParamKind.HOSTMAP, "=1"),
    ],
)
def test_each_kind_says_what_it_expected(kind: ParamKind, text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected "):
        Param("p", kind).parse(text)


def test_bounds_hold_and_are_said_with_their_unit() -> None:
    wait = DECLARED[3]
    assert (wait.parse("500ms"), wait.parse("60")) == (0.5, 60.0)
    with pytest.raises(ValueError, match=r"at least 0\.5 s"):
        wait.parse("499ms")
    with pytest.raises(ValueError, match="at most 60 s"):
        wait.parse("2min")


def test_a_choice_is_one_of_its_choices() -> None:
    outlet = Param("outlet", ParamKind.CHOICE, choices=("A", "B"))
    assert outlet.parse("B") == "B"
    with pytest.raises(ValueError, match="one of A, B"):
        outlet.parse("b")


def test_a_wrong_value_is_told_with_the_example_unless_the_words_show_some() -> None:
    port = Param("port", ParamKind.PORT, example="2300")
    wait = Param("wait", ParamKind.SECONDS, example="5")
    _, problems = parse_params((port, wait), {"port": "0", "wait": "soon"})
    assert [it.problem for it in problems] == [
        "'0' is not valid: expected a port from 1 to 65535, for example 2300",
        "'soon' is not valid: expected a duration such as 200ms, 1.5 or 2min",
    ]


def test_all_problems_are_told_together() -> None:
    _, problems = parse_params(DECLARED, {"port": "many", "wait": "1us", "pasword": "x"})
    assert problems == [
        BadParameter("host", "is missing; expected host name or address, for example 10.0.0.7"),
        BadParameter("port", "'many' is not valid: expected a whole number"),
        BadParameter("wait", "'1us' is not valid: expected at least 0.5 s"),
        BadParameter("pasword", "is no parameter of this plugin", "password"),
    ]


def test_values_are_typed_defaults_included_and_what_was_not_given_is_absent() -> None:
    params, problems = parse_params(DECLARED, {"ipaddr": "10.0.0.7", "password": "s3cret"})
    assert not problems
    assert (params.text("host"), params.number("port")) == ("10.0.0.7", 23)
    assert params.secret("password").reveal() == "s3cret"
    assert set(params) == {"host", "password", "port"}
    assert len(params) == 3
    assert params.text("wait") == ""
    with pytest.raises(KeyError):
        params.number("wait")


def test_undeclared_ones_pass_as_text_where_the_plugin_wants_them() -> None:
    params, problems = parse_params(DECLARED, {"host": "h", "vendor": "7"}, extra=True)
    assert not problems
    assert params.extra == {"vendor": "7"}


def test_a_value_is_not_read_as_something_else() -> None:
    params, _ = parse_params(DECLARED, {"host": "h", "password": "s3cret"})
    with pytest.raises(TypeError):
        params.text("password")
    with pytest.raises(TypeError):
        params.number("host")
    with pytest.raises(TypeError):
        params.secret("host")


def test_a_secret_is_shown_nowhere() -> None:
    params, _ = parse_params(DECLARED, {"host": "h", "password": "s3cret"})
    secret = params.secret("password")
    for text in (repr(params), str(params), repr(secret), f"{secret}", f"{secret!s:>20}", repr(params["password"])):
        assert "s3cret" not in text
    bounded = (Param("password", ParamKind.SECRET, choices=("one", "other")),)
    _, problems = parse_params(bounded, {"password": "s3cret"})
    assert problems
    assert "s3cret" not in repr(problems)


def test_a_secret_is_compared_and_never_written_down() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret("")
    for write in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="not pickled"):
            write(Secret("a"))


def test_parameters_are_a_mapping_without_surprises() -> None:
    assert dict(Params({"a": 1, "b": None, "c": ("x",)})) == {"a": 1, "c": ("x",)}
