"""The watcher: news as they come, and no wait for any of them."""

import select
from typing import TYPE_CHECKING

import pytest
from heartbeat.client import NoDaemon
from heartbeat.client.watcher import Watcher
from heartbeat.model.status import ClusterStatus
from heartbeat.wire import api
from heartbeat.wire.local import pack

if TYPE_CHECKING:
    from core.tests.conftest import FakeDaemon

HANG_UP = b""


def waited(watcher: Watcher) -> list[ClusterStatus]:
    """Return the news that come next."""
    assert select.select([watcher], [], [], 10)[0]
    return watcher.news()


def test_news_come_one_by_one_and_an_early_look_waits_for_none(
    fake_daemon: "FakeDaemon", good_status: ClusterStatus
) -> None:
    watcher = Watcher(fake_daemon.path)
    assert watcher.news() == []
    fake_daemon.will(api.GetStatus, api.Status(good_status))
    watcher.ask()
    assert waited(watcher) == [good_status]
    watcher.close()


def test_half_an_answer_is_no_news_yet(fake_daemon: "FakeDaemon") -> None:
    fake_daemon.will(api.Watch, pack(b"x" * 100)[:50])
    watcher = Watcher(fake_daemon.path)
    assert waited(watcher) == []
    watcher.close()


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (HANG_UP, "hung up"),
        (b"\xff" * 8, "speaks something else"),
        (api.Progress("stopping"), "Progress is no status"),
    ],
)
def test_the_end_and_what_is_no_status_are_a_daemon_that_is_gone(
    fake_daemon: "FakeDaemon", answer: "api.Answer | bytes", cause: str
) -> None:
    fake_daemon.will(api.Watch, answer)
    watcher = Watcher(fake_daemon.path)
    with pytest.raises(NoDaemon, match=cause):
        waited(watcher)
    watcher.close()
