"""What the executor's own code logs, in the files and the form that the daemon uses."""

import logging

from heartbeat.daemon.log import Level, Line
from heartbeat.daemon.log_process import LogPipe


class _ToPipe(logging.Handler):
    def __init__(self, pipe: LogPipe) -> None:
        super().__init__()
        self._pipe = pipe

    def emit(self, record: logging.LogRecord) -> None:
        self._pipe.write(Line(record.created, _level(record.levelno), record.getMessage()))


def log_through(pipe: LogPipe) -> None:
    """Send the lines of ``heartbeat.*`` loggers of this process to the log's process."""
    logger = logging.getLogger("heartbeat")
    logger.addHandler(_ToPipe(pipe))
    logger.setLevel(logging.DEBUG if pipe.debugging else logging.INFO)
    logger.propagate = False


def _level(number: int) -> Level:
    if number >= logging.ERROR:
        return Level.ERROR
    if number >= logging.WARNING:
        return Level.WARNING
    return Level.INFO if number >= logging.INFO else Level.DEBUG
