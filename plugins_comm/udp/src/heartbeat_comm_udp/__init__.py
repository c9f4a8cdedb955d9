"""UDP media for heartbeat: broadcast, unicast and multicast, IPv4 and IPv6."""
