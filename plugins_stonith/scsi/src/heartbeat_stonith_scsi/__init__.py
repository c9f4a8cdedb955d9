"""Cutting a node from shared disks by SCSI persistent reservations. It takes no power: the node runs on."""

from heartbeat_stonith_scsi.device import Scsi

__all__ = ["Scsi"]
