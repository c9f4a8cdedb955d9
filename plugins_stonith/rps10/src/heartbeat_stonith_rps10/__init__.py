"""STONITH with a Western Telematic RPS-10: one box for each node, on a serial port."""

from heartbeat_stonith_rps10.device import Rps10

__all__ = ["Rps10"]
