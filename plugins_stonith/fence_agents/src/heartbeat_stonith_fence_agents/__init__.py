"""STONITH with the fence agents of this host."""

from heartbeat_stonith_fence_agents.device import FenceAgent

__all__ = ["FenceAgent"]
