"""What the executor's own code logs, in the files and the form that the daemon uses."""

import logging

from heartbeat.daemon.log import Level, Line, Sinks


class _ToSinks(logging.Handler):
    def __init__(self, sinks: Sinks) -> None:
        super().__init__()
        self._sinks = sinks

    def emit(self, record: logging.LogRecord) -> None:
        self._sinks.write(Line(record.created, _level(record.levelno), record.getMessage()))


def log_through(sinks: Sinks) -> None:
    """Send the lines of ``heartbeat.*`` loggers of this process to the sinks."""
    logger = logging.getLogger("heartbeat")
    logger.addHandler(_ToSinks(sinks))
    logger.setLevel(logging.DEBUG if sinks.debugging else logging.INFO)
    logger.propagate = False


def _level(number: int) -> Level:
    if number >= logging.ERROR:
        return Level.ERROR
    if number >= logging.WARNING:
        return Level.WARNING
    return Level.INFO if number >= logging.INFO else Level.DEBUG
