"""Service addresses for heartbeat: IPaddr and IPaddr2, IPv4 and IPv6, over netlink."""

from heartbeat_ra_ip.agent import IPaddr, IPaddr2

__all__ = ["IPaddr", "IPaddr2"]
