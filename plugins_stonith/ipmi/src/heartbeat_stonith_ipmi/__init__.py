"""STONITH with a server's own baseboard controller, over IPMI 2.0."""

from heartbeat_stonith_ipmi.device import Ipmi, IpmiLan

__all__ = ["Ipmi", "IpmiLan"]
