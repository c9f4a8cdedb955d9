"""Ping nodes: routers and switches that answer an echo request, and what follows when none of them does."""

from heartbeat_comm_ping.tie_breaker import Ping

__all__ = ["Ping"]
