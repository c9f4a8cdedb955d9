"""No decision without a reason, and no reason without a cause."""

import msgspec
import pytest
from heartbeat.model.reason import Cause, Decision, Reason, because


def test_numbers_are_decisions_and_words_are_facts() -> None:
    assert because(17, "node1 silent").causes == (Cause(decision=17), Cause(fact="node1 silent"))


def test_a_reason_without_a_cause_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="at least one cause"):
        because()
    with pytest.raises(ValueError, match="at least one cause"):
        Reason(())


def test_nor_can_it_come_from_outside() -> None:
    with pytest.raises(msgspec.ValidationError, match="at least one cause"):
        msgspec.json.decode(b'{"causes": []}', type=Reason)


def test_a_decision_without_a_reason_cannot_be_built() -> None:
    with pytest.raises(TypeError, match="reason"):
        Decision(1, 0.0, "a.b", "cluster", "text")  # type: ignore[call-arg]


def test_a_decision_survives_the_way_to_the_journal_and_back() -> None:
    decision = Decision(2, 1.5, "node.silent", "node node2", "node2 is silent", because(1, "no frame"), alarm=True)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(decision), type=Decision) == decision
