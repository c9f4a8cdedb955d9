"""Which package brings what is not installed: our table, the vendors', and its renewal from a workspace."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from heartbeat.pils.known import OURS, KnownPackages, announced_in, read_table, renewed

ROOT = Path(__file__).resolve().parents[3]


def test_the_table_names_what_the_papers_promise_elsewhere() -> None:
    known = KnownPackages()
    assert known.package_for("stonith", "rps10") == "heartbeat-stonith-rps10"
    assert known.package_for("comm", "serial") == "heartbeat-comm-serial"
    assert known.package_for("stonith", "no-such-thing") is None
    assert known.package_for("no-such-kind", "rps10") is None


def test_the_table_is_what_the_workspace_would_write() -> None:
    assert OURS.read_text() == renewed(read_table(OURS), announced_in(ROOT)), "python -m heartbeat.pils.known ."


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EntryPoint:
    package = tmp_path / "acme_known"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('imported')\n")
    (package / "known.toml").write_text(
        '[stonith]\nacme = "acme-power"\nrps10 = "acme-rps10"\n[radar]\nbig = "acme-radar"\n[odd]\nnumber = 3\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return EntryPoint("acme", "acme_known", "heartbeat.known")


def test_a_vendors_table_is_read_without_importing_its_package(vendor: EntryPoint) -> None:
    known = KnownPackages([vendor])
    assert known.package_for("stonith", "acme") == "acme-power"
    assert known.package_for("radar", "big") == "acme-radar"
    assert known.package_for("odd", "number") is None


def test_a_vendor_cannot_take_a_name_that_is_ours(vendor: EntryPoint) -> None:
    assert KnownPackages([vendor]).package_for("stonith", "rps10") == "heartbeat-stonith-rps10"


@pytest.mark.parametrize("content", ["not toml [", "\x00", ""])
def test_a_vendors_table_that_cannot_be_read_is_no_reason_to_stop(
    vendor: EntryPoint, tmp_path: Path, content: str
) -> None:
    (tmp_path / "acme_known" / "known.toml").write_text(content)
    known = KnownPackages([vendor, EntryPoint("gone", "no_such_package", "heartbeat.known")])
    assert known.package_for("stonith", "rps10") == "heartbeat-stonith-rps10"
    assert known.package_for("stonith", "acme") is None


def test_renewing_keeps_names_from_elsewhere_and_takes_the_workspaces() -> None:
    old = {"stonith": {"far": "heartbeat-far", "moved": "heartbeat-old"}}
    workspace = {"stonith": {"moved": "heartbeat-new"}, "ra": {"thing": "heartbeat-thing"}}
    text = renewed(old, workspace)
    assert '"far" = "heartbeat-far"\n"moved" = "heartbeat-new"\n' in text
    assert text.index("[ra]") < text.index("[stonith]")
