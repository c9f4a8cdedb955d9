"""A pytest plugin: each test so many times, all in an order drawn from a seed (``-p again --times 200 --order 7``)."""

import random

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--times", type=int, default=1)
    parser.addoption("--order", type=int, default=0)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.fixturenames.append("hb_turn")
    metafunc.parametrize("hb_turn", range(metafunc.config.getoption("--times")))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    random.Random(config.getoption("--order")).shuffle(items)
