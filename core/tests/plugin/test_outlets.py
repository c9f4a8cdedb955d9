"""A switch with numbered outlets: whose they are, and what their states mean for a host."""

import contextlib
from collections.abc import Iterator, Sequence

import pytest
from heartbeat.plugin import BadConfig, BadHost, Identity, Power, parse_params
from heartbeat.plugin.outlets import OUTLETS, Outlet, OutletSession, OutletSwitch

ON, OFF, UNKNOWN = Power.ON, Power.OFF, Power.UNKNOWN


class Switch(OutletSwitch):
    """A switch whose list and orders are plain data."""

    api = 1
    title = "switch of a test"
    params = (OUTLETS,)
    name_max = 8
    table: Sequence[tuple[str, Power]] = (
        ("Twin", ON),
        ("node1", ON),
        ("node10 ", ON),
        ("(undefined)", ON),
        ("twin", ON),
    )

    def __init__(self, outlets: str = "", table: Sequence[tuple[str, Power]] = table) -> None:
        params, problems = parse_params(self.params, {"outlets": outlets} if outlets else {})
        assert not problems
        super().__init__(params)
        self.table = table
        self.orders: list[tuple[list[str], Power]] = []

    @contextlib.contextmanager
    def session(self) -> Iterator[OutletSession]:
        yield self.Session(self)

    class Session:
        def __init__(self, switch: "Switch") -> None:
            self._switch = switch

        def outlets(self) -> Sequence[Outlet]:
            return [Outlet(str(number), name, power) for number, (name, power) in enumerate(self._switch.table, 1)]

        def switch(self, outlets: Sequence[Outlet], power: Power) -> None:
            self._switch.orders.append(([outlet.number for outlet in outlets], power))


def test_its_hosts_are_the_names_of_outlets_each_once() -> None:
    assert Switch().hosts() == ["Twin", "node1", "node10"]


@pytest.mark.parametrize(("host", "numbers"), [("NODE1", ["2"]), ("node10", ["3"]), ("twin", ["1", "5"])])
def test_an_order_goes_to_all_outlets_of_the_whole_name(host: str, numbers: list[str]) -> None:
    switch = Switch()
    switch.switch(host, OFF)
    assert switch.orders == [(numbers, OFF)]


@pytest.mark.parametrize("host", ["node", "node100", "", "(undefined)", "node1 x"])
def test_any_other_host_is_refused(host: str) -> None:
    switch = Switch()
    for call in (lambda: switch.power(host), lambda: switch.switch(host, OFF)):
        with pytest.raises(BadHost):
            call()
    assert not switch.orders


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [(OFF, OFF, OFF), (ON, OFF, ON), (OFF, ON, ON), (OFF, UNKNOWN, UNKNOWN), (ON, UNKNOWN, ON)],
)
def test_a_host_is_off_when_all_its_outlets_are(first: Power, second: Power, told: Power) -> None:
    assert Switch(table=(("twin", first), ("twin", second), ("node1", ON))).power("twin") is told


def test_a_name_longer_than_the_field_is_refused_with_the_mend() -> None:
    cut = Switch(table=(("node-eig", ON),))
    with pytest.raises(BadHost, match=r"holds names of 8 letters .* has 10: say its outlets, outlets=node-eight=N"):
        cut.switch("node-eight", OFF)


def test_a_map_replaces_the_names_of_the_device() -> None:
    switch = Switch("node-eight=1,node2=02+4")
    assert Switch.configured_hosts(switch.settings) == ("node-eight", "node2")
    assert switch.hosts() == ["node-eight", "node2"]
    switch.switch("Node2", OFF)
    assert switch.orders == [(["2", "4"], OFF)]
    with pytest.raises(BadHost):
        switch.power("node1")


def test_without_a_map_only_the_device_knows() -> None:
    assert Switch.configured_hosts(Switch().settings) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("node1=1,node2=1", "outlet 1 to node1 and node2"),
        ("node1=1+2,node2=3+02", "outlet 2 to node1 and node2"),
        ("node1=x", "node1 the outlet 'x'"),
        ("node1=1+", "node1 the outlet ''"),
        ("node1=0", "node1 the outlet '0'"),
    ],
)
def test_a_map_that_would_hit_another_host_is_refused(text: str, problem: str) -> None:
    with pytest.raises(BadConfig, match=problem):
        Switch.configured_hosts(Switch(text).settings)


def test_a_host_named_twice_in_a_map_is_refused() -> None:
    _, problems = parse_params(Switch.params, {"outlets": "node1=1,NODE1=2"})
    assert "each host once" in problems[0].problem


def test_an_outlet_that_the_device_does_not_have_is_named() -> None:
    with pytest.raises(BadConfig, match="gives node1 outlet 9; the device has 1, 2, 3, 4, 5"):
        Switch("node1=9").power("node1")


def test_what_the_switch_calls_the_outlets_of_a_host_is_told_for_comparing() -> None:
    assert Switch("node1=3").identity("node1") == Identity(("node10",), ("3",))
    assert Switch("node1=4").identity("node1") == Identity((), ("4",))
    assert Switch().identity("twin") == Identity(("Twin",), ("1", "5"))
    with pytest.raises(BadHost):
        Switch("node1=3").identity("node2")
