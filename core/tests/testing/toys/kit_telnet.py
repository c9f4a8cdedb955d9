"""The kit on the toy switch with a telnet menu."""

from heartbeat.testing.stonith import StonithConformance
from toy_telnet import Toy
from toy_telnet_switch import ToySwitch


class TestToy(StonithConformance):
    plugin = Toy
    simulator = ToySwitch
