"""Node names: host names in lower case, and nothing else."""

import pytest
from heartbeat.model.names import node_name
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("text", ["node1", "n", "7", "node-1.example.org", "db_1", "a" * 64])
def test_a_host_name_is_a_node_name(text: str) -> None:
    assert node_name(text) == text


def test_case_is_not_part_of_a_name() -> None:
    assert node_name("Node1.EXAMPLE") == "node1.example"


@pytest.mark.parametrize(
    "text", ["", "a" * 65, "-node", "node-", ".node", "no de", "node1\n", "nödé", "a/b", "$(x)", "node\x00"]
)
def test_anything_else_is_refused_with_the_rule(text: str) -> None:
    with pytest.raises(ValueError, match="is not a node name: letters, digits"):
        node_name(text)


@given(st.text())
def test_a_name_that_was_taken_is_taken_again_unchanged(text: str) -> None:
    try:
        name = node_name(text)
    except ValueError:
        return
    assert node_name(name) == name
    assert name == name.lower()
    assert len(name) <= 64
