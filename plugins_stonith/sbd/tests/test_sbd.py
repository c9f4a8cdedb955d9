"""Shared disks: the conformance kit, with a disk that misbehaves as the kernel would show it."""

from pathlib import Path

from heartbeat.plugin import Power
from heartbeat.testing.stonith import StonithConformance
from heartbeat_stonith_sbd import Sbd
from heartbeat_stonith_sbd.simulator import SharedDisk

README = Path(__file__).parents[1] / "README.md"


class TestSbd(StonithConformance):
    plugin = Sbd
    simulator = SharedDisk
    orders = (Power.OFF, Power.OFF)
    readme = README
