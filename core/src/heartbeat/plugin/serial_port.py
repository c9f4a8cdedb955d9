"""A conversation over a serial port: locked against other programs, opened for us alone, and left as it was found.

The port itself is pyserial's, which a plugin declares as its own dependency and hands in, for the contract is of the
standard library alone.
"""

import contextlib
import os
import termios
from collections.abc import Iterator
from typing import Any

from heartbeat.plugin.conversation import Conversation, DescriptorLine
from heartbeat.plugin.errors import Unreachable
from heartbeat.plugin.uucp_lock import uucp_lock

CFLAG = 2
"""Place of the control flags in what ``termios.tcgetattr`` returns."""


@contextlib.contextmanager
def serial_conversation(
    pyserial: Any, path: str, baud: int, *, answer_s: float, total_s: float, noise: bytes = b""
) -> Iterator[tuple[Any, Conversation]]:
    """Open a port, 8N1 without flow control, and yield it with a conversation over it.

    ``pyserial`` is the module ``serial``; ``noise``, bytes that are never part of an answer. A port that another
    program has locked is waited for, ``answer_s`` seconds. Raises Unreachable: nothing was said.
    """
    with uucp_lock(path, answer_s):
        port = _open(pyserial, path, baud)
        line = DescriptorLine(port.fileno(), port.close, noise)
        with Conversation(line, path, answer_s=answer_s, total_s=total_s) as conversation:
            yield port, conversation


def _open(pyserial: Any, path: str, baud: int) -> Any:
    """Return the port. DTR stays high when it is closed: for many a box, its fall is a reset."""
    try:
        port = pyserial.Serial(path, baudrate=baud, exclusive=True)
    except pyserial.SerialException as wrong:
        why = os.strerror(wrong.errno) if wrong.errno else "it cannot be opened for us alone"
        raise Unreachable(f"{path}: {why}; is it the serial port of the device?") from None
    attributes = termios.tcgetattr(port.fileno())
    attributes[CFLAG] &= ~termios.HUPCL
    termios.tcsetattr(port.fileno(), termios.TCSANOW, attributes)
    return port
