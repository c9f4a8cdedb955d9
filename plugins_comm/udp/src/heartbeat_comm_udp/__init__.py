"""UDP media for heartbeat: broadcast, unicast and multicast, IPv4 and IPv6."""

from heartbeat_comm_udp.broadcast import Broadcast
from heartbeat_comm_udp.multicast import Multicast, Multicast6
from heartbeat_comm_udp.unicast import Unicast, Unicast6

__all__ = ["Broadcast", "Multicast", "Multicast6", "Unicast", "Unicast6"]
