"""The kit on the toy switch on a serial line."""

from heartbeat.testing.stonith import StonithConformance
from toy_serial import ToySerial
from toy_serial_switch import ToySerialSwitch


class TestToySerial(StonithConformance):
    plugin = ToySerial
    simulator = ToySerialSwitch
