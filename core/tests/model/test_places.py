"""Where a node keeps its things: arguments before the environment before the defaults."""

from pathlib import Path

import pytest
from heartbeat.model.places import places


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HB_CONFIG", "HB_STATE", "HB_RUN_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_the_defaults_are_those_of_every_distribution() -> None:
    assert places().ha_cf == Path("/etc/ha.d/ha.cf")
    assert places().journal_db == Path("/var/lib/heartbeat/journal.db")
    assert places().api_socket == Path("/run/heartbeat/api.sock")


def test_the_environment_names_another_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HB_CONFIG", "/n1/etc")
    monkeypatch.setenv("HB_STATE", "/n1/lib")
    monkeypatch.setenv("HB_RUN_DIR", "/n1/run")
    assert places().haresources == Path("/n1/etc/haresources")
    assert places().state_db == Path("/n1/lib/state.db")
    assert places().executor_socket == Path("/n1/run/executor.sock")


def test_an_argument_goes_before_the_environment_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HB_RUN_DIR", "/n1/run")
    monkeypatch.setenv("HB_STATE", "/n1/lib")
    named = places(run="/n2/run")
    assert (named.run, named.state, named.config) == (Path("/n2/run"), Path("/n1/lib"), Path("/etc/ha.d"))


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HB_RUN_DIR", "")
    assert places().run == Path("/run/heartbeat")
