"""authkeys: who may read it, which key seals, and that it can be read again alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from heartbeat.config.authkeys import AuthKeys, read_authkeys
from heartbeat.config.facts import FileFacts, HostFacts
from heartbeat.config.finding import Finding
from heartbeat.plugin import Registry

Read = Callable[..., tuple[AuthKeys | None, tuple[Finding, ...]]]


@pytest.fixture
def read(tmp_path: Path, make_registry: Callable[..., Registry], make_host: Callable[..., HostFacts]) -> Read:
    def do(text: str, *, mode: int = 0o600, uid: int = 0, run_as: str = "", **facts: Any) -> Any:
        (tmp_path / "authkeys").write_text(text)
        known = make_host(file=lambda _: FileFacts(mode, uid), **facts)
        return read_authkeys(tmp_path / "authkeys", make_registry(), facts=known, run_as=run_as)

    return do


GOOD = "auth 2\n1 sha1 old\n2 sha256 new\n"


def test_all_keys_are_there_and_one_seals(read: Read) -> None:
    keys, findings = read(GOOD)
    assert keys is not None
    assert keys.active == 2
    assert {number: (key.method, key.secret.reveal()) for number, key in keys.keys.items()} == {
        1: ("sha1", "old"),
        2: ("sha256", "new"),
    }
    assert [finding.code for finding in findings] == ["HB-C110"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666, 0o777])
def test_a_file_that_others_may_read_or_change_is_refused(read: Read, mode: int) -> None:
    keys, findings = read(GOOD, mode=mode)
    assert keys is None
    assert [finding.code for finding in findings if finding.severity.value == "error"] == ["HB-C100"]


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700, 0o611, 0o4600])
def test_a_file_that_only_its_owner_may_read_and_change_is_taken(read: Read, mode: int) -> None:
    assert read(GOOD, mode=mode)[0] is not None


@pytest.mark.parametrize(
    ("uid", "run_as", "euid", "taken"),
    [(0, "", 0, True), (0, "", 1000, True), (1000, "", 1000, True), (90, "hacluster", 0, True),
     (1000, "", 0, False), (90, "", 0, False), (90, "stranger", 0, False), (1000, "hacluster", 90, False)],
)  # fmt: skip
def test_only_root_and_the_daemons_user_may_own_it(
    read: Read, uid: int, run_as: str, euid: int, *, taken: bool
) -> None:
    assert (read(GOOD, uid=uid, run_as=run_as, euid=euid)[0] is not None) is taken


@pytest.mark.parametrize(
    "text",
    ["auth 1\n1 crc\n", "auth 0\n0 sha256 k # comment\n", "1 sha256 k\nauth 1 # comment\n",
     "auth 1\n\n# c\n 1\tsha256\tk  \n", "auth 1\nauth 1\n1 sha256 k\n", "auth 15\n15 sha256 #k\n"],
)  # fmt: skip
def test_every_good_form_is_taken(read: Read, text: str) -> None:
    keys, findings = read(text)
    assert keys is not None, findings


def test_a_key_that_begins_with_a_hash_is_a_key(read: Read) -> None:
    keys, _ = read("auth 1\n1 sha256 #k\n")
    assert keys is not None
    assert keys.keys[1].secret.reveal() == "#k"


def test_an_error_in_a_key_that_does_not_seal_refuses_the_file_too(read: Read) -> None:
    """It would open frames of a node that seals with it."""
    assert read("auth 1\n1 sha256 k\n2 sha256\n")[0] is None


def test_a_missing_file_is_one_finding(tmp_path: Path, make_registry: Callable[..., Registry]) -> None:
    keys, findings = read_authkeys(tmp_path / "authkeys", make_registry(), facts=HostFacts())
    assert keys is None
    assert [finding.code for finding in findings] == ["HB-C001"]


def test_the_real_mode_of_a_file_is_looked_at(tmp_path: Path, make_registry: Callable[..., Registry]) -> None:
    file = tmp_path / "authkeys"
    file.write_text(GOOD)
    owner = HostFacts(euid=file.stat().st_uid)
    file.chmod(0o644)
    assert read_authkeys(file, make_registry(), facts=owner)[0] is None
    file.chmod(0o600)
    assert read_authkeys(file, make_registry(), facts=owner)[0] is not None
