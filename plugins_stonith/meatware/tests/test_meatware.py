"""The operator as a device: conformance, and words that a person at night can follow."""

from pathlib import Path

import pytest
from heartbeat.plugin import Power, parse_params
from heartbeat.testing.stonith import StonithContract
from heartbeat_stonith_meatware import Meatware, OperatorNeeded


class TestMeatware(StonithContract):
    plugin = Meatware
    refuses = OperatorNeeded
    readme = Path(__file__).parents[1] / "README.md"

    def given(self) -> dict[str, str]:
        return {"hostlist": "node1 node2"}


def device() -> Meatware:
    params, _ = parse_params(Meatware.params, {"hostlist": "node1 node2"})
    return Meatware(params)


def test_the_order_names_the_command_that_confirms_it() -> None:
    with pytest.raises(OperatorNeeded, match=r"switch node1 off by hand.*`hb stonith confirm node1`"):
        device().switch("NODE1", Power.OFF)


def test_switching_on_asks_for_no_confirmation() -> None:
    with pytest.raises(OperatorNeeded) as order:
        device().switch("node1", Power.ON)
    assert "confirm" not in str(order.value)


def test_it_may_protect_data_because_a_person_proves() -> None:
    assert not Meatware.test_only
    assert not Meatware.can_read_power


def test_a_node_does_not_wait_before_it_asks_the_operator() -> None:
    """Two nodes that race delay by the device's worst time, unless it serialises; a person does."""
    assert Meatware.serialises


def test_old_tools_see_the_old_code() -> None:
    assert OperatorNeeded.s_code == 5
