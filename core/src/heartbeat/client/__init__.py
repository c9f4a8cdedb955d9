"""The local API as a library: one blocking connection to the daemon of this node.

    with connect(places().api_socket) as client:
        print(client.status().standing)

No asyncio here: a command that has one question for a socket must not wait for an event loop to be imported.
"""

from heartbeat.client.client import Client, connect
from heartbeat.client.errors import NoDaemon, Refused

__all__ = ["Client", "NoDaemon", "Refused", "connect"]
