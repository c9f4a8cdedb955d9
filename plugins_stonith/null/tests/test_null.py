"""The null device: conformance, and that nobody can mistake it for protection."""

from pathlib import Path

from heartbeat.plugin import Power, parse_params
from heartbeat.testing.stonith import StonithContract
from heartbeat_stonith_null import Null


class TestNull(StonithContract):
    plugin = Null
    readme = Path(__file__).parents[1] / "README.md"

    def given(self) -> dict[str, str]:
        return {"hostlist": "node1 node2"}


def test_it_says_yes_to_every_order_and_proves_nothing() -> None:
    params, _ = parse_params(Null.params, {"hostlist": "node1,node2"})
    device = Null(params)
    for power in (Power.OFF, Power.ON):
        device.switch("NODE2", power)
        assert device.power("node2") is Power.UNKNOWN


def test_it_is_marked_as_no_protection() -> None:
    assert Null.test_only
    assert not Null.can_read_power
