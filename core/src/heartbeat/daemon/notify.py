"""Telling systemd how the service fares (sd_notify(3)): one datagram, when systemd asked for it."""

import os
import socket


def notify_systemd(state: str) -> None:
    """Send ``READY=1`` and the like to NOTIFY_SOCKET, if there is one; failure concerns nobody."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        try:
            sender.sendto(state.encode(), "\0" + path[1:] if path.startswith("@") else path)
        except OSError:
            return
