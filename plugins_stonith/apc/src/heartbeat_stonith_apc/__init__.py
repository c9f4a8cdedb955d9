"""STONITH with switched power strips of APC: over telnet (menus and command line), and over SNMP."""

from heartbeat_stonith_apc.master import ApcMaster
from heartbeat_stonith_apc.master_snmp import ApcMasterSnmp

__all__ = ["ApcMaster", "ApcMasterSnmp"]
