"""The one list of Debian packages, and what counts as having one."""

from pathlib import Path

import pytest

from setup.debian import Package, missing, read_packages

LIST = Path(__file__).resolve().parents[2] / "setup" / "debian-packages"


def test_every_line_of_the_list_says_what_it_is_for_and_why() -> None:
    packages = read_packages(LIST)
    assert {"iproute2", "nftables", "resource-agents"} <= {package.name for package in packages}
    assert len({package.name for package in packages}) == len(packages)
    assert all(len(package.why.split()) > 2 for package in packages)


def test_a_line_that_does_not_say_why_is_named(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("# comment\n\nonly-a-name\n")
    with pytest.raises(ValueError, match=r"list:3: expected PACKAGE PROBE"):
        read_packages(tmp_path / "list")


@pytest.mark.parametrize(
    ("probe", "there"),
    [
        ("sh", True),
        ("/bin/sh", True),
        ("python:json", True),
        ("no-such", False),
        ("/no/such", False),
        ("python:no", False),
    ],
)
def test_a_part_is_there_when_its_probe_is_whoever_installed_it(probe: str, *, there: bool) -> None:
    assert Package("x", probe, "demo", "an example").is_there() is there


def test_commands_in_sbin_count_though_a_user_does_not_have_them_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert Package("util-linux", "losetup", "demo", "lives in sbin").is_there()


def test_the_demo_does_not_ask_for_what_only_tests_need() -> None:
    packages = [Package("a", "/no", "test", "."), Package("b", "/no", "demo", "."), Package("c", "/no", "setup", ".")]
    assert [package.name for package in missing(packages, "demo")] == ["b", "c"]
    assert [package.name for package in missing(packages, "test")] == ["a", "b", "c"]
