"""The table of parameters: what stands in it, and where in a README it goes."""

from typing import ClassVar

import pytest
from heartbeat.pils.parameter_table import parameter_table, with_tables
from heartbeat.plugin import Param, ParamKind, Plugin, Secret

NEW = "| parameter | what | default | example | meaning |\n|---|---|---|---|---|\n| `a` | text | required |  | It. |\n"
OLD = NEW.replace("It.", "What it was.")


class Declared(Plugin):
    params: ClassVar = (
        Param("wait", ParamKind.SECONDS, default=1.5, minimum=0.5, maximum=60, help="How long."),
        Param("gap", ParamKind.INT, default=200, minimum=1, unit="ms", aliases=("GAP",), help="Between two."),
        Param("mood", ParamKind.CHOICE, choices=("good", "bad"), example="bad", help="a | b"),
        Param("password", ParamKind.SECRET, default=Secret("hush"), help="Nobody's."),
        Param("port", ParamKind.PORT, setting="udpport", help="UDP."),
    )


@pytest.mark.parametrize(
    "row",
    [
        "| `wait` | duration, s, 0.5 to 60 | `1.5` |  | How long. |",
        "| `gap`, `GAP` | number, ms, at least 1 | `200` |  | Between two. |",
        r"| `mood` | good / bad |  | `bad` | a \| b |",
        "| `password` | secret |  |  | Nobody's. |",
        "| `port` | port number | `udpport` of ha.cf |  | UDP. |",
    ],
)
def test_a_row_says_kind_unit_bounds_default_and_meaning_and_no_secret(row: str) -> None:
    assert row in parameter_table(Declared).splitlines()


def test_a_plugin_without_parameters_has_no_table() -> None:
    assert parameter_table(Plugin) == ""
    assert with_tables("# A\n", {"auth:a": ""}) == "# A\n"


def test_the_table_is_renewed_between_its_marks_and_nothing_else_changes() -> None:
    readme = f"# A\n\n<!-- parameters of ra:a ra:b -->\n\n{OLD}\n<!-- end of parameters -->\n\nMore.\n"
    assert with_tables(readme, {"ra:a": NEW, "ra:b": NEW}) == readme.replace(OLD, NEW)


def test_a_pasted_table_gets_its_marks_where_it_stands() -> None:
    text = with_tables(f"# A\n\n{OLD}\nMore.\n", {"ra:a": NEW})
    assert text == f"# A\n\n<!-- parameters of ra:a -->\n\n{NEW}\n<!-- end of parameters -->\n\nMore.\n"


def test_a_readme_without_a_place_gets_one_at_its_end_and_the_second_time_changes_nothing() -> None:
    tables = {"ra:a": NEW, "ra:b": OLD}
    once = with_tables("# A\n", tables)
    assert once.startswith("# A\n\n## Parameters of ra:a\n\n<!-- parameters of ra:a -->\n")
    assert NEW in once
    assert OLD in once
    assert with_tables(once, tables) == once


def test_the_table_of_somebody_else_is_left_alone() -> None:
    readme = f"<!-- parameters of ra:other -->\n\n{OLD}\n<!-- end of parameters -->\n"
    assert OLD in with_tables(readme, {"ra:a": NEW})
