"""STONITH with an APC Smart-UPS on a serial port: its load is one node."""

from heartbeat_stonith_apcsmart.device import ApcSmart

__all__ = ["ApcSmart"]
