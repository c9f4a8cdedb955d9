"""The card's simulators: menus of AOS 3, the command line of AOS 5, and an SNMP agent of each generation."""

from heartbeat_stonith_apc.simulator_menus import ApcCommandCard, ApcMenuCard
from heartbeat_stonith_apc.simulator_snmp import ApcAgent, ApcAgentRpdu2, ApcAgentSpdu

__all__ = ["ApcAgent", "ApcAgentRpdu2", "ApcAgentSpdu", "ApcCommandCard", "ApcMenuCard"]
