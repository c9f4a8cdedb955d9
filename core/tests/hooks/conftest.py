"""Houses for the tests of hooks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.tests.hooks.house import House, house
from core.tests.plugin_site import PluginSite


@pytest.fixture
def home(tmp_path: Path, plugin_site: PluginSite) -> Iterator[House]:
    """A node's places, with the plugin ``ear``; nothing runs yet."""
    with house(tmp_path, plugin_site) as made:
        yield made
