"""Which devices stand together, and which of them are refused because one alone would prove nothing."""

from typing import TYPE_CHECKING

import pytest
from heartbeat.config import codes

if TYPE_CHECKING:
    from core.tests.config.conftest import LoadText

FIRST = "stonith_host * baytech 10.0.0.3 admin pw\n"
OTHER = "stonith_and * baytech 10.0.0.4 admin pw\n"


def test_each_line_is_a_level_in_the_order_of_the_file(load_text: "LoadText") -> None:
    loaded = load_text(more=f"{FIRST}stonith_host * meatware node1 node2\n")
    assert loaded.config is not None
    assert [(it.level, it.supplies) for it in loaded.config.devices] == [(1, 1), (2, 1), (3, 1)]


def test_a_line_that_joins_is_of_the_level_above(load_text: "LoadText") -> None:
    loaded = load_text(more=f"stonith_host * meatware node1 node2\n{FIRST}{OTHER}")
    assert loaded.config is not None
    assert [(it.level, it.supplies) for it in loaded.config.devices] == [(1, 1), (2, 1), (3, 2), (3, 2)]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (f"{FIRST}{OTHER.replace('*', 'node1')}", "another node may use it"),
        (
            "stonith_host * meatware node1\nstonith_and * meatware node2\n",
            "meatware #3 feeds node2, and meatware #2, with which it stands together, node1",
        ),
    ],
)
def test_what_does_not_fit_is_an_error(load_text: "LoadText", lines: str, told: str) -> None:
    loaded = load_text(more=lines)
    assert loaded.config is None
    (found,) = (it for it in loaded.findings if it.code == codes.LEVEL_UNFIT.code)
    assert told in found.message
    assert found.mend


def test_a_line_with_an_error_takes_its_level_along(load_text: "LoadText") -> None:
    """The device that is left would read off, and the node might run on from the other."""
    loaded = load_text(more=f"{FIRST}stonith_and * baytech 10.0.0.4\n")
    assert codes.DEVICE_PARAMETER.code in {it.code for it in loaded.findings}
    assert [it.config.name for it in loaded.survey.devices] == ["rps10 #1"]


def test_a_line_that_joins_none_is_an_error(load_text: "LoadText") -> None:
    loaded = load_text(ha_cf=f"node node1 node2\nbcast eth1\n{OTHER}")
    assert codes.LEVEL_UNFIT.code in {it.code for it in loaded.errors}
