"""metrics: scraped as Prometheus would, with a daemon, without quorum, and with none."""

import re
import socket
import urllib.request
from collections.abc import Iterator

import msgspec
import pytest
from heartbeat.hooks.metrics import Metrics
from heartbeat.model.status import ClusterStatus, FindingStatus
from heartbeat.plugin import PluginError, parse_params

from core.tests.hooks.house import House

Values = dict[str, float]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def scraped(port: int) -> Values:
    """Return the samples by name and labels; empty when nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return {}
    return {
        name: float(value) for name, value in re.findall(r"^(heartbeat\S+(?: [^ \n]*\})?) (\S+)$", text, re.MULTILINE)
    }


def made(port: int) -> Metrics:
    params, problems = parse_params(Metrics.params, {"port": str(port)})
    assert not problems
    return Metrics(params)


@pytest.fixture
def served() -> Iterator[tuple[Metrics, int]]:
    port = free_port()
    metrics = made(port)
    yield metrics, port
    metrics.close()


def told(metrics: Metrics, status: ClusterStatus | None) -> None:
    metrics.status_changed({} if status is None else msgspec.to_builtins(status))


def test_nodes_groups_and_links_are_shown(served: tuple[Metrics, int], good_status: ClusterStatus) -> None:
    metrics, port = served
    told(metrics, good_status)
    values = scraped(port)
    assert values["heartbeat_up"] == 1
    assert values["heartbeat_quorum"] == 1
    assert values["heartbeat_view_epoch"] == 3
    assert values["heartbeat_alarms"] == 0
    assert values['heartbeat_node_state{node="node2",state="member"}'] == 1
    assert values['heartbeat_node_state{node="node2",state="silent"}'] == 0
    assert values['heartbeat_group_state{group="10.0.0.1",state="running"}'] == 1
    assert values['heartbeat_group_running{group="10.0.0.1",node="node1"}'] == 1
    assert values['heartbeat_link_up{link="bcast/eth1",node="node2"}'] == 1
    assert values['heartbeat_link_frames_total{link="bcast/eth1",node="node2"}'] == 18000
    assert values['heartbeat_link_lost_total{link="bcast/eth1",node="node2"}'] == 2


def test_without_quorum_it_answers_and_says_so(served: tuple[Metrics, int], good_status: ClusterStatus) -> None:
    metrics, port = served
    alarms = (FindingStatus("node2 is silent", 1.0),)
    told(metrics, msgspec.structs.replace(good_status, standing="no-quorum", alarms=alarms))
    values = scraped(port)
    assert (values["heartbeat_up"], values["heartbeat_quorum"], values["heartbeat_alarms"]) == (1, 0, 1)


def test_without_a_daemon_it_answers_and_guesses_nothing(
    served: tuple[Metrics, int], good_status: ClusterStatus
) -> None:
    metrics, port = served
    told(metrics, good_status)
    told(metrics, None)
    values = scraped(port)
    assert values["heartbeat_up"] == 0
    assert not [name for name in values if "node_state" in name or "quorum" in name]


def test_what_happened_is_counted(served: tuple[Metrics, int]) -> None:
    metrics, port = served
    told(metrics, None)
    metrics.node_fenced("node2", "acme #1", "read back")
    metrics.group_moved("web", "", "node1", 0.0)
    metrics.group_moved("web", "node1", "node2", 1.5)
    metrics.group_moved("web", "node2", "node1", 2.0)
    metrics.link_changed("node2", "bcast/eth0", "down")
    metrics.link_changed("node2", "bcast/eth0", "up")
    metrics.view_installed(4, [], [], [])
    metrics.decision_taken(1, "fence.failed", "node node2", "it failed", "alarm")
    metrics.plugin_failed("stonith", "acme #1", "no answer")
    values = scraped(port)
    assert values['heartbeat_fences_total{node="node2"}'] == 1
    assert values['heartbeat_moves_total{group="web"}'] == 2
    assert values['heartbeat_away_seconds_total{group="web"}'] == 3.5
    assert values['heartbeat_link_losses_total{link="bcast/eth0",node="node2"}'] == 1
    assert values["heartbeat_views_total"] == 1
    assert values['heartbeat_decisions_total{kind="fence.failed"}'] == 1
    assert values["heartbeat_alarm_decisions_total"] == 1
    assert values['heartbeat_plugin_failures_total{kind="stonith",name="acme #1"}'] == 1


def test_a_port_in_use_is_an_error_and_tried_again(good_status: ClusterStatus) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        metrics = made(port)
        with pytest.raises(PluginError, match=f"cannot listen on 127.0.0.1 port {port}: Address already in use"):
            told(metrics, good_status)
    told(metrics, good_status)
    assert scraped(port)["heartbeat_up"] == 1
    metrics.close()


def test_every_metric_that_is_shown_stands_in_the_document_and_the_other_way_round(
    served: tuple[Metrics, int], good_status: ClusterStatus, pytestconfig: pytest.Config
) -> None:
    metrics, port = served
    told(metrics, good_status)
    test_what_happened_is_counted(served)
    told(metrics, good_status)
    shown = {re.split(r"[{ ]", name)[0] for name in scraped(port)}
    page = (pytestconfig.rootpath / "docs" / "hooks.md").read_text()
    assert shown == set(re.findall(r"`(heartbeat_\w+)`", page))


def test_it_is_scraped_while_the_daemon_dies_and_comes_back(home: House, good_status: ClusterStatus) -> None:
    port = free_port()
    home.configure("ear", f"metrics port={port}")
    home.daemon_runs(good_status)
    home.start()
    home.until(lambda: scraped(port).get("heartbeat_quorum") == 1)
    home.daemon_dies()
    home.until(lambda: scraped(port).get("heartbeat_up") == 0)
    home.daemon_runs(msgspec.structs.replace(good_status, standing="no-quorum"))
    home.until(lambda: scraped(port).get("heartbeat_up") == 1)
    assert scraped(port)["heartbeat_quorum"] == 0
    assert home.stop() == 0
    assert scraped(port) == {}
