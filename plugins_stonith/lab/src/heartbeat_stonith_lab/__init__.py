"""STONITH for ``hb lab``: switches a lab's node really off through the lab's power socket.

Also the example of a device plugin: everything that a device needs stands in ``device.py``, and a simulator of the
device, with which ``heartbeat.testing`` judges the plugin, in ``simulator.py``.
"""

from heartbeat_stonith_lab.device import Lab

__all__ = ["Lab"]
