"""OCF resource agents as heartbeat resources."""

from heartbeat_ra_ocf.agent import OcfAgent

__all__ = ["OcfAgent"]
