"""Fencing by a network switch."""

from heartbeat_stonith_snmp_switch.device import SnmpSwitch

__all__ = ["SnmpSwitch"]
