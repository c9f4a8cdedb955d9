"""The kit can fail: each way to break the contract of a device is caught, by the check that is about it."""

import subprocess
import sys
from pathlib import Path

import pytest

WRONG_DEVICES = Path(__file__).parent / "wrong_devices.py"

CAUGHT_BY = {
    "ByPrefix": "test_a_host_it_does_not_switch_is_refused",
    "Believes": "test_a_lie_is_not_repeated",
    "SilenceIsOff": "test_no_answer_is_an_error_in_time_and_never_off",
    "Swallows": "test_a_refused_order_is_an_error",
    "CaseMatters": "test_the_case_of_a_name_does_not_matter",
    "TooMuch": "test_the_order_is_carried_out_and_read_back",
    "Leaks": "test_nothing_is_left_open",
    "Tells": "test_secrets_are_shown_nowhere",
    "Undeclared": "test_the_class_declares_itself_completely",
    "BareSecret": "test_the_class_declares_itself_completely",
    "Vague": "test_no_answer_is_an_error_in_time_and_never_off",
}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Name of a device to the checks that it failed, in a run of the kit over all of them."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=no", "--noconftest",
         "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(WRONG_DEVICES.parent), str(WRONG_DEVICES)],
        capture_output=True, text=True, check=False, cwd=tmp_path_factory.mktemp("run"), timeout=100,
    )  # fmt: skip
    assert run.returncode == 1, run.stdout + run.stderr
    found: dict[str, set[str]] = {}
    for line in run.stdout.splitlines():
        if line.startswith(("FAILED ", "ERROR ")):
            _, of, test = line.split(" - ")[0].split("::")
            found.setdefault(of.removeprefix("Test"), set()).add(test.partition("[")[0])
    return found


def test_a_device_that_keeps_the_contract_passes(failed: dict[str, set[str]]) -> None:
    assert "Good" not in failed, failed["Good"]


@pytest.mark.parametrize("device", CAUGHT_BY)
def test_a_wrong_device_is_caught_by_the_check_about_it(failed: dict[str, set[str]], device: str) -> None:
    assert CAUGHT_BY[device] in failed.get(device, set()), failed


def test_every_wrong_device_stands_in_the_table(failed: dict[str, set[str]]) -> None:
    assert set(failed) == set(CAUGHT_BY)
