"""STONITH through shared disks: a message in the node's slot, and a watchdog that carries it out."""

from heartbeat_stonith_sbd.device import Sbd

__all__ = ["Sbd"]
