"""Which host is meant, and the codes that old tools know."""

import pytest
from heartbeat.plugin import (
    AccessDenied,
    AuthenticationError,
    BadConfig,
    BadHost,
    NotInstalled,
    OutletOff,
    PluginError,
    ResetFailed,
    TimedOut,
    Unreachable,
    Unsupported,
    match_host,
)
from heartbeat.plugin.conversation import HungUp


@pytest.mark.parametrize("asked", ["node1", "NODE1", "Node1", " node1 "])
def test_case_and_padding_do_not_matter_and_the_devices_spelling_comes_back(asked: str) -> None:
    assert match_host(asked, ["node10", "Node1 ", "node2"]) == "Node1 "


@pytest.mark.parametrize("asked", ["node", "node1", "node100", "ode10", "", " ", "node10.example"])
def test_a_part_of_a_name_is_no_name(asked: str) -> None:
    with pytest.raises(BadHost, match="it switches node10, node2"):
        match_host(asked, ["node10", "node2"])


def test_a_host_without_a_name_matches_not_even_one_without_a_name() -> None:
    with pytest.raises(BadHost, match="a host without a name"):
        match_host("", ["", "node1"])


@pytest.mark.parametrize(
    ("error", "s_code", "ocf_code"),
    [
        (PluginError, 8, 1),
        (BadConfig, 1, 6),
        (AccessDenied, 2, 4),
        (Unreachable, 2, 1),
        (Unsupported, 3, 3),
        (BadHost, 4, 1),
        (ResetFailed, 5, 1),
        (TimedOut, 6, 1),
        (OutletOff, 7, 1),
        (NotInstalled, 8, 5),
        (HungUp, 8, 1),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_every_error_has_the_numbers_of_old(error: type[PluginError], s_code: int, ocf_code: int) -> None:
    """stonith/stonith.h of cluster-glue; OCF resource agent API 1.1, section 3.2."""
    assert issubclass(error, PluginError)
    assert (error.s_code, error.ocf_code) == (s_code, ocf_code)


def test_the_family_of_errors_is_closed() -> None:
    """Whoever adds one gives it numbers, and a line above."""
    family = {kind for kind in PluginError.__subclasses__() if kind.__module__.startswith("heartbeat.plugin")}
    assert family - {AuthenticationError} == {
        BadConfig, AccessDenied, Unreachable, Unsupported, BadHost, ResetFailed, TimedOut, OutletOff, NotInstalled,
        HungUp,
    }  # fmt: skip
