"""The judge of devices: one finding for each thing that can be wrong, none where all is well, and never a guess."""

from typing import Any

import pytest
from heartbeat.kernel.trust import is_machine, is_same_machine, is_trusted, judge
from heartbeat.model.fence_codes import FENCE_CODES
from heartbeat.model.inspection import Inspection, Look, Seen, Setting, Trouble

SETTING = Setting(("node1", "node2"), ("node1", "node2"), 30.0)
ONE = "11111111-2222-3333-4444-555555555501"
TWO = "11111111-2222-3333-4444-555555555502"


def look(host: str, power: str = "on", **more: Any) -> Look:
    return Look(host, power, more.pop("took_s", 0.1), **more)


def seen(node: str, *looks: Look, device: str = "pdu #1", **more: Any) -> Seen:
    facts: dict[str, Any] = {"worst_off_s": 10.0, "place": "10.0.0.7 23"}
    return Seen(node, device, Inspection(looks, **(facts | more)))


def codes(*all_seen: Seen, setting: Setting = SETTING) -> list[tuple[str, str]]:
    return [(it.code, it.host) for it in judge(all_seen, setting)]


def both(*looks: Look, **more: Any) -> tuple[Seen, Seen]:
    """Both nodes see the same."""
    return seen("node1", *looks, **more), seen("node2", *looks, **more)


HEALTHY = (look("node1", outlets=("1",)), look("node2", outlets=("2",)))


def test_of_a_healthy_device_there_is_nothing_to_say() -> None:
    assert codes(*both(*HEALTHY)) == []


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (Trouble.UNREACHABLE, "HB-F001"),
        (Trouble.DENIED, "HB-F002"),
        (Trouble.SILENT, "HB-F003"),
        (Trouble.OTHER, "HB-F004"),
        (Trouble.PARAMETERS, "HB-F005"),
        (Trouble.MISSING, "HB-F006"),
    ],
)
def test_a_device_that_cannot_be_asked_covers_nobody(trouble: Trouble, code: str) -> None:
    found = codes(*both(trouble=trouble, detail="why"))
    assert found == [(code, ""), ("HB-F016", "node1"), ("HB-F016", "node2")]


def test_what_two_nodes_see_alike_is_one_finding_that_names_both() -> None:
    first, *_ = judge(both(trouble=Trouble.DENIED, detail="wrong password"), SETTING)
    assert (first.seen_from, first.message) == (("node1", "node2"), "wrong password")


def test_a_device_that_answers_one_node_only_is_told_with_the_node_that_it_misses() -> None:
    found = judge((seen("node1", *HEALTHY), seen("node2", trouble=Trouble.UNREACHABLE)), SETTING)
    some = next(it for it in found if it.code == "HB-F007")
    assert (some.seen_from, some.message) == (
        ("node2",),
        "it answers node1, and not node2: only they can fence with it",
    )
    assert ("HB-F016", "node1") in [(it.code, it.host) for it in found], "node2 was the one to switch node1 off"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (look("node2", "", trouble=Trouble.HOST, detail="it has node1"), "HB-F010"),
        (look("node2", "", trouble=Trouble.PARAMETERS, detail="outlet 9; it has 1 to 8"), "HB-F010"),
        (look("node2", names=("node1",), outlets=("2",)), "HB-F011"),
        (look("node2", names=("router",), outlets=("2",)), "HB-F012"),
        (look("node2", "off", outlets=("2",)), "HB-F013"),
        (look("node2", "unknown", outlets=("2",)), "HB-F020"),
        (look("node2", outlets=("2",), refusal="read-only"), "HB-F021"),
    ],
)
def test_what_is_wrong_about_one_node_is_told_of_that_node(wrong: Look, code: str) -> None:
    assert (code, "node2") in codes(*both(HEALTHY[0], wrong))


def test_a_device_for_which_somebody_else_may_pass_is_told_once() -> None:
    (found,) = judge(both(*HEALTHY, weakness="check_certificate=no: anybody is believed"), SETTING)
    assert (found.code, found.host, found.seen_from) == ("HB-F029", "", ("node1", "node2"))
    assert "anybody is believed" in found.message


def test_a_node_that_does_not_run_may_read_off() -> None:
    alone = Setting(SETTING.nodes, ("node1",), 30.0)
    assert codes(seen("node1", HEALTHY[0], look("node2", "off", outlets=("2",))), setting=alone) == []


def test_an_outlet_that_also_carries_the_nodes_own_name_is_right() -> None:
    assert codes(*both(HEALTHY[0], look("node2", names=("Node2 ", "ups"), outlets=("2", "3")))) == []


def test_one_outlet_for_two_nodes_is_found_within_a_line_and_across_lines() -> None:
    assert ("HB-F015", "node2") in codes(*both(look("node1", outlets=("1",)), look("node2", outlets=("1", "2"))))
    one, two = (
        seen("node1", look("node1"), dies_with_host=True),
        seen("node1", look("node2"), device="bmc #2", dies_with_host=True),
    )
    assert ("HB-F015", "node2") in codes(one, two)


def test_two_switches_may_have_an_outlet_of_the_same_number() -> None:
    other = seen("node1", look("node2", outlets=("1",)), device="pdu #2", place="10.0.0.8 23")
    assert codes(seen("node1", look("node1", outlets=("1",))), other) == []


def test_a_second_line_for_the_same_outlet_is_no_second_way() -> None:
    again = [seen(node, look("node2", outlets=("2",)), device="pdu #2") for node in SETTING.nodes]
    assert codes(*both(*HEALTHY), *again) == [("HB-F024", "node2")]


def test_a_controller_of_another_machine_is_told_with_whose_it_is() -> None:
    first = seen("node1", look("node2", machine=ONE), machine=ONE, dies_with_host=True)
    second = seen("node2", look("node1", machine=TWO), machine=TWO, dies_with_host=True, device="bmc #2")
    found = {(it.code, it.host): it.message for it in judge((first, second), SETTING)}
    assert "sits in node1" in found["HB-F014", "node2"]
    assert "sits in node2" in found["HB-F014", "node1"]


@pytest.mark.parametrize(
    "told",
    [TWO, TWO.upper(), "11111111-2222-3333-4444-555555555502".replace("-", ""), "02555555-5555-4444-3333-222211111111"],
)
def test_a_machine_is_itself_in_whatever_byte_order_its_controller_tells_it(told: str) -> None:
    first = seen("node1", look("node2", machine=told), machine=ONE)
    assert codes(first, seen("node2", look("node1"), machine=TWO)) == []


@pytest.mark.parametrize("told", ["", "00000000-0000-0000-0000-000000000000", "ff" * 16, "no uuid at all"])
def test_firmware_that_has_no_number_is_compared_with_nothing(told: str) -> None:
    assert not is_machine(told)
    assert (
        codes(seen("node1", look("node2", machine=told), machine=ONE), seen("node2", look("node1"), machine=TWO)) == []
    )


def test_a_number_that_a_maker_gave_to_many_boards_tells_nothing() -> None:
    first = seen("node1", look("node2", machine=TWO), machine=ONE)
    assert codes(first, seen("node2", look("node1"), machine=ONE)) == []


def test_the_little_endian_fields_of_smbios_are_known() -> None:
    assert is_same_machine("11111111-2222-3333-4444-555555555502", "11111111-2222-3333-4444-555555555502")
    assert is_same_machine("00112233-4455-6677-8899-aabbccddeeff", "33221100-5544-7766-8899-aabbccddeeff")
    assert not is_same_machine(ONE, TWO)


@pytest.mark.parametrize(
    ("took_s", "deadtime_s", "code"), [(0.1, 30.0, ""), (6.0, 30.0, "HB-F022"), (2.0, 3.0, "HB-F023")]
)
def test_the_measured_time_is_held_against_what_is_declared_and_against_deadtime(
    took_s: float, deadtime_s: float, code: str
) -> None:
    setting = Setting(SETTING.nodes, SETTING.running, deadtime_s)
    looks = [look(name, took_s=took_s, outlets=(name,)) for name in SETTING.nodes]
    assert codes(*both(*looks), setting=setting) == ([(code, "")] if code else [])


def test_devices_that_are_worth_less_are_told_as_what_they_are() -> None:
    blind = (look("node1", "unknown"), look("node2", "unknown"))
    assert codes(*both(*blind, test_only=True))[-1] == ("HB-F026", "")
    assert codes(*both(*blind, can_read_power=False)) == [("HB-F028", "")], "it switches, and says no more"
    inside = codes(*both(*(look(name) for name in SETTING.nodes), dies_with_host=True, place=""))
    assert inside == [("HB-F025", "node1"), ("HB-F025", "node2")]


def test_a_node_alone_does_not_judge_who_would_switch_it_off() -> None:
    assert ("HB-F016", "node1") not in codes(seen("node1", trouble=Trouble.DENIED))
    assert ("HB-F016", "node2") in codes(seen("node1", trouble=Trouble.DENIED))


def test_trust_needs_a_reading_and_no_refusal() -> None:
    assert is_trusted(seen("node1", look("node2")), "node2")
    for wrong in (look("node2", "unknown"), look("node2", refusal="no"), look("node2", trouble=Trouble.SILENT)):
        assert not is_trusted(seen("node1", wrong), "node2")
    assert not is_trusted(seen("node1", look("node2")), "node1")


def test_severities_are_those_of_the_codes_and_errors_come_first() -> None:
    found = judge(both(HEALTHY[0], look("node2", names=("router",), took_s=9.0, outlets=("1",))), SETTING)
    assert [it.severity for it in found] == ["error", "warning", "warning"]
    assert all(FENCE_CODES[it.code].severity == it.severity and it.message and it.mend for it in found)
