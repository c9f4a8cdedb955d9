"""Two hosts with a cable between them, each a network namespace."""

from collections.abc import Iterator

import pytest
from heartbeat.testing.namespace import Namespace, cable, namespaces, why_not


@pytest.fixture
def hosts() -> Iterator[tuple[Namespace, Namespace]]:
    """Make the node, in whose network the test is, and the ping node at 10.9.0.254 and fd09::fe."""
    if reason := why_not():
        pytest.skip(reason)
    with namespaces(2) as (node, router):
        cable(node, "eth0", router, "eth0")
        node.ip("address", "add", "10.9.0.1/24", "dev", "eth0")
        node.ip("address", "add", "fd09::1/64", "dev", "eth0", "nodad")
        router.ip("address", "add", "10.9.0.254/24", "dev", "eth0")
        router.ip("address", "add", "fd09::fe/64", "dev", "eth0", "nodad")
        with node.entered():
            yield node, router
