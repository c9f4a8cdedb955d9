"""Service addresses for heartbeat: IPaddr and IPaddr2, IPv4 and IPv6, over netlink."""
