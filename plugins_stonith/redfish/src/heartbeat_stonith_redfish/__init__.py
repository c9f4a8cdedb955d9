"""STONITH with a server's own baseboard controller, over Redfish."""

from heartbeat_stonith_redfish.device import Redfish

__all__ = ["Redfish"]
