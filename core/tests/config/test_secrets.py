"""Key material and passwords are shown nowhere, whatever place they were written at."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from heartbeat.config.facts import HostFacts
from heartbeat.config.load import load
from heartbeat.config.report import as_json, text_lines
from heartbeat.model.places import Places
from heartbeat.plugin import Registry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from core.tests.config.conftest import LoadText

SECRET = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/-_.,!é", min_size=8, max_size=40)

HA_CF = """keepalive 200ms
deadtime 1s
initdead 30
auto_failback off
bcast eth1
ucast eth0 10.0.0.2
node node1 node2
"""
KEY_LINES = (
    "1 sha256 @",
    "1 sha256 @ @",
    "1 sha256 @ # @",
    "1 @",
    "1 @ sha256",
    "1 @ @",
    "16 sha256 @",
    "16 @",
    "200 @ sha1",
    "sha256 @",
    "@",
    "1sha256 @",
    "1 crc @",
    "1 chacha20 @",
    "1 rot @",
    "1 shaa256 @",
    "#1 sha256 @",
    "   # 1 sha256 @",
    "auth @",
    "auth 1 @",
    "Auth @",
    "1 sha256 \x07@",
    "1 sha256\u00a0@",
)
DEVICE_LINES = (
    "stonith_host * baytech 10.0.0.3 admin @",
    "stonith_host * baytech ipaddr=10.0.0.3 login=admin password=@",
    "stonith_host * baytech ipaddr=10.0.0.3 login=admin pasword=@",
    "stonith_host * baytech ipaddr=10.0.0.3 login=admin password=@ port=x",
    "stonith_host * baytech 10.0.0.3 admin port=@",
    "stonith_host * baytec 10.0.0.3 admin @",
    "stonith_host node3 baytech 10.0.0.3 admin @",
    "stonith baytech 10.0.0.3 admin @",
    "stonith rot 10.0.0.3 admin @",
    "stonithhost * baytech 10.0.0.3 admin @",
    "Stonith_Host * baytech 10.0.0.3 admin @",
    "#stonith_host * baytech 10.0.0.3 admin @",
    "stonith_host * baytech 10.0.0.3 admin \x07@",
    "tunnel eth0 @",
    "tunnel eth0 @ @",
    "tunnel eth0 @ 1400 @",
    "tunnel a-name-that-is-too-long @",
    "tunel eth0 @",
    "satellite eth0 @",
    "mute eth0 @",
    "env TOKEN=@",
    "env TOKEN=x @",
    "env TOKEN @",
    "env 1=@",
)
RESOURCE_LINES = (
    "node1 apache::password=@",
    "node1 ocf:heartbeat:mysql::user=root::password=@",
    "node1 ocf:heartbeat:mysql::passwd=@ ocf:heartbeat:mysql::passwd=@",
    "node1 nothing::secret=@",
    "node3 Filesystem::/dev/sdb1::/srv::cifs::credentials=@",
    "node1 Filesystem::password=@",
    "node1 vault::h::@ vault::h::@",
    "node2 vault::h::@",
    "node1 vault::h::@::@",
    "node1 vault::@",
)

no_fixture_per_example = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def _lines(forms: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(forms), min_size=1, max_size=4)


@no_fixture_per_example
@given(
    secret=SECRET,
    keys=_lines(KEY_LINES),
    devices=_lines(DEVICE_LINES),
    resources=_lines(RESOURCE_LINES),
    dos=st.booleans(),
    latin=st.booleans(),
)
def test_a_secret_is_shown_in_no_report_and_no_repr(
    tmp_path: Path,
    make_registry: Callable[..., Registry],
    make_host: Callable[..., HostFacts],
    *,
    secret: str,
    keys: list[str],
    devices: list[str],
    resources: list[str],
    dos: bool,
    latin: bool,
) -> None:
    hidden = f"Zq{secret}qZ"
    texts = {
        "ha.cf": HA_CF + "\n".join(devices),
        "haresources": "\n".join(resources),
        "authkeys": "auth 1\n" + "\n".join(keys),
    }
    for name, text in texts.items():
        text = text.replace("@", hidden).replace("\n", "\r\n" if dos else "\n")
        (tmp_path / name).write_bytes(text.encode("latin-1" if latin else "utf-8"))
    loaded = load(Places(config=tmp_path), make_registry(), facts=make_host())
    told = [
        "\n".join(text_lines(loaded)),
        json.dumps(as_json(loaded, "DIR"), ensure_ascii=False),
        repr(loaded),
        str(loaded.config),
        repr(loaded.survey),
        repr(loaded.sources),
    ]
    for text in told:
        assert hidden[:6] not in text, "its beginning"
        assert hidden[-6:] not in text, "its end"


def test_a_good_key_is_kept_whole_and_never_told(load_text: "LoadText") -> None:
    loaded = load_text(authkeys="auth 1\n1 sha256 Zq#1=passqZ\n")
    assert loaded.keys is not None
    assert loaded.keys.keys[1].secret.reveal() == "Zq#1=passqZ"
    assert "passqZ" not in repr(loaded)
    assert "passqZ" not in f"{loaded.keys} {loaded.keys.keys[1]}"


def test_a_password_of_a_device_is_kept_whole_and_never_told(load_text: "LoadText") -> None:
    loaded = load_text(more="stonith_host node1 baytech 10.0.0.3 admin Zq pass word\n")
    assert loaded.config is not None
    assert loaded.config.devices[-1].params["password"] == "Zq pass word"
    assert "pass word" not in repr(loaded.config)


def test_a_password_of_a_resource_reaches_its_agent_and_no_name(load_text: "LoadText") -> None:
    loaded = load_text(haresources="node1 ocf:heartbeat:mysql::password=ZqpassqZ\n", more="acknowledge no-stonith\n")
    assert loaded.config is not None
    (group,) = loaded.config.cluster.groups
    assert group.resources[0].params["password"] == "ZqpassqZ"
    assert group.name == "ocf:heartbeat:mysql::password=***"
    assert "ZqpassqZ" not in repr(loaded)
