"""The pytest plugin of the kit: options only. It is imported in every test run of the environment, so nothing else."""

import pytest

pytest.register_assert_rewrite(
    "heartbeat.testing.contract",
    "heartbeat.testing.auth",
    "heartbeat.testing.catalogue",
    "heartbeat.testing.comm",
    "heartbeat.testing.hooks",
    "heartbeat.testing.installed",
    "heartbeat.testing.leaks",
    "heartbeat.testing.quorum",
    "heartbeat.testing.quorum_contract",
    "heartbeat.testing.quorum_faults",
    "heartbeat.testing.ra",
    "heartbeat.testing.stonith",
    "heartbeat.testing.stonith_contract",
    "heartbeat.testing.stonith_faults",
    "heartbeat.testing.stonith_simulated",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("heartbeat").addoption(
        "--hb-plugin",
        action="append",
        default=[],
        metavar="KIND:NAME",
        help="judge this installed plugin (with --pyargs heartbeat.testing); may be given again; default: all",
    )
