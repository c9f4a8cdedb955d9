"""The local API as a library: one blocking connection to the daemon of this node.

    with connect(places().api_socket) as client:
        print(client.status().standing)

Programs that talk to others on all nodes: ``program`` (``heartbeat.client.async_program`` for an event loop).

No asyncio here: a command that has one question for a socket must not wait for an event loop to be imported.
"""

from heartbeat.client.client import Client, connect
from heartbeat.client.errors import NoDaemon, Refused
from heartbeat.client.program import Program, program
from heartbeat.client.talk import Company, Event, Message, Sender
from heartbeat.model.delivery import Delivery

__all__ = [
    "Client",
    "Company",
    "Delivery",
    "Event",
    "Message",
    "NoDaemon",
    "Program",
    "Refused",
    "Sender",
    "connect",
    "program",
]
