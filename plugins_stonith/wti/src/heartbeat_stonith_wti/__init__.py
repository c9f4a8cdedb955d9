"""STONITH with power switches of Western Telematic: over telnet, and over SNMP."""

from heartbeat_stonith_wti.mpc import WtiMpc
from heartbeat_stonith_wti.nps import WtiNps

__all__ = ["WtiMpc", "WtiNps"]
