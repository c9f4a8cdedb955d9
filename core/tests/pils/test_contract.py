"""What a class must declare to be taken: judged before an instance exists, every fault in words."""

from typing import ClassVar

import pytest
from heartbeat.pils.contract import api_notice, api_problem, broken_rules
from heartbeat.pils.kinds import KINDS
from heartbeat.plugin import (
    API_CURRENT,
    Deliver,
    Health,
    Medium,
    Param,
    ParamKind,
    Plugin,
    Power,
    ResourceAgent,
    StonithDevice,
)

STONITH, COMM, RA = KINDS["stonith"], KINDS["comm"], KINDS["ra"]


class Device(StonithDevice):
    api = API_CURRENT
    params: ClassVar[tuple[Param, ...]] = (Param("hostlist", ParamKind.HOSTS, aliases=("hosts",)), Param("login"))
    positional: ClassVar[tuple[str, ...]] = ("hostlist", "login")

    def hosts(self) -> list[str]:
        return []

    def power(self, host: str) -> Power:
        return Power.UNKNOWN

    def switch(self, host: str, power: Power) -> None: ...


class Line(Medium):
    api = API_CURRENT

    async def open(self, deliver: Deliver) -> None: ...

    def send(self, frame: bytes) -> None: ...

    async def close(self) -> None: ...

    @property
    def mtu(self) -> int:
        return 1


def test_a_good_one_of_each_colour_breaks_no_rule() -> None:
    assert broken_rules(STONITH, Device) == []
    assert broken_rules(COMM, Line) == []


@pytest.mark.parametrize(
    "thing", [Device, "Device", None, Plugin, Device.__init__], ids=["class", "text", "none", "base", "method"]
)
def test_what_is_no_subclass_of_the_contract_is_refused_at_once(thing: object) -> None:
    (rule,) = broken_rules(COMM, thing)
    assert rule == "it is not a Medium: the entry point must name a subclass of it"


def test_missing_methods_are_named_all_together() -> None:
    class Half(ResourceAgent):
        api = API_CURRENT

        def start(self) -> None: ...

    assert broken_rules(RA, Half) == ["it does not implement monitor, stop"]


@pytest.mark.parametrize(
    ("api", "says"),
    [
        (0, "does not state the contract version"),
        (None, "does not state the contract version"),
        (True, "does not state the contract version"),
        ("1", "does not state the contract version"),
        (4, "upgrade heartbeat-core"),
        (1, "upgrade the plugin"),
    ],
)
def test_a_version_that_this_core_does_not_speak_says_who_is_to_be_upgraded(api: object, says: str) -> None:
    assert says in api_problem(api, current=3, previous=2)


def test_the_current_and_the_previous_version_load_and_the_previous_with_a_notice() -> None:
    assert [api_problem(api, current=3, previous=2) for api in (2, 3)] == ["", ""]
    assert api_notice(3, current=3) == ""
    assert "the next one will refuse it" in api_notice(2, current=3)


def test_a_version_that_is_refused_ends_the_judging() -> None:
    """Rules of another contract would only mislead."""

    class Future(StonithDevice):
        api = API_CURRENT + 1

    (rule,) = broken_rules(STONITH, Future)
    assert "upgrade heartbeat-core" in rule


def test_a_parameter_declared_twice_also_by_an_alias_is_told() -> None:
    class Twice(Device):
        params = (Param("hostlist", aliases=("hosts",)), Param("hosts"), Param("login"), Param("login"))

    assert broken_rules(STONITH, Twice) == [
        "the parameter hosts is declared more than once",
        "the parameter login is declared more than once",
    ]


def test_params_that_are_no_tuple_of_param_are_told() -> None:
    class Listed(Device):
        params = [Param("hostlist")]  # type: ignore[assignment] # noqa: RUF012

    class Named(Device):
        params = ("hostlist",)  # type: ignore[assignment]

    for plugin in (Listed, Named):
        assert broken_rules(STONITH, plugin) == ["params is not a tuple of Param"]


def test_the_old_form_and_what_repeats_must_name_parameters() -> None:
    class Astray(Device):
        positional: ClassVar[tuple[str, ...]] = ("hostlist", "passwd")

    class Repeating(Line):
        repeats = "interface"

    assert broken_rules(STONITH, Astray) == ["positional names passwd, which is no parameter"]
    assert broken_rules(COMM, Repeating) == ["repeats names interface, which is no parameter"]


def test_a_device_that_waits_and_a_medium_that_blocks_are_refused() -> None:
    """A coroutine that nobody awaits would do nothing at all: `switch` would return, and the node run on."""

    class Waits(Device):
        async def switch(self, host: str, power: Power) -> None:  # type: ignore[override]
            ...

    class Blocks(Line):
        def open(self, deliver: Deliver) -> None:  # type: ignore[override]
            ...

    class Sends(Line):
        async def send(self, frame: bytes) -> None:  # type: ignore[override]
            ...

    class Agent(ResourceAgent):
        api = API_CURRENT

        def start(self) -> None: ...
        def stop(self) -> None: ...
        async def monitor(self) -> Health:  # type: ignore[override]
            return Health.RUNNING

    assert broken_rules(STONITH, Waits) == ["switch must be a plain `def`"]
    assert broken_rules(COMM, Blocks) == ["open must be `async def`"]
    assert broken_rules(COMM, Sends) == ["send must be a plain `def`"]
    assert broken_rules(RA, Agent) == ["monitor must be a plain `def`"]
