"""Every line goes where it belongs, and a log that cannot be written holds up nobody."""

import os
import socket
import threading
from pathlib import Path

import pytest
from heartbeat.config.cluster_config import LogConfig
from heartbeat.daemon.log import Level, Line, Log, Sinks, SyslogSink


def read(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_debug_lines_go_to_the_debugfile_alone(tmp_path: Path) -> None:
    sinks = Sinks(LogConfig(logfile=str(tmp_path / "log"), debugfile=str(tmp_path / "debug")), "node1")
    log = Log(sinks)
    log.start(lambda: None)
    log.debug("fine print")
    log.info("news")
    log.warning("alarm")
    log.close(5)
    assert [line.split(" ", 2)[2] for line in read(tmp_path / "debug")] == [
        "node1 debug: fine print",
        "node1 info: news",
        "node1 WARN: alarm",
    ]
    assert [line.split(" ", 3)[3] for line in read(tmp_path / "log")] == ["info: news", "WARN: alarm"]


def test_a_file_that_logrotate_moved_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "log"
    sinks = Sinks(LogConfig(logfile=str(path)), "node1")
    sinks.write(Line(0.0, Level.INFO, "one"))
    path.rename(tmp_path / "log.1")
    sinks.write(Line(0.0, Level.INFO, "two"))
    sinks.close()
    assert read(tmp_path / "log.1")[0].endswith("one")
    assert read(path)[0].endswith("two")


def test_a_file_that_cannot_be_had_does_not_keep_lines_from_the_others(tmp_path: Path) -> None:
    debug = tmp_path / "debug"
    sinks = Sinks(LogConfig(logfile=str(tmp_path / "missing" / "log"), debugfile=str(debug)), "node1")
    sinks.write(Line(0.0, Level.ERROR, "one"))
    sinks.write(Line(0.0, Level.ERROR, "two"))
    sinks.close()
    assert len(read(debug)) == 2


def test_what_could_flood_is_said_once_a_minute_with_the_number_left_out(tmp_path: Path) -> None:
    now = [0.0]
    path = tmp_path / "log"
    log = Log(Sinks(LogConfig(logfile=str(path)), "node1"), lambda: now[0])
    log.start(lambda: None)
    for _ in range(10):
        log.seldom("garbled", "a frame was garbled")
    now[0] = 61.0
    log.seldom("garbled", "a frame was garbled")
    log.close(5)
    assert [line.split("WARN: ")[1] for line in read(path)] == [
        "a frame was garbled",
        "a frame was garbled (9 more like this since the last line)",
    ]


class StuckSinks(Sinks):
    """A disk that takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__(LogConfig(), "node1")
        self.go = threading.Event()
        self.texts: list[str] = []

    def write(self, line: Line) -> None:
        assert self.go.wait(10)
        self.texts.append(line.text)


def test_a_log_that_hangs_loses_lines_by_count_and_returns_at_once() -> None:
    sinks = StuckSinks()
    log = Log(sinks, queue_max=10)
    log.start(lambda: None)
    for number in range(100):
        log.info(text=f"line {number}")  # were one of them to wait, the test would: nobody lets the disk go meanwhile
    sinks.go.set()
    log.close(10)
    *kept, lost = sinks.texts[:-1] if "lost" not in sinks.texts[-1] else sinks.texts
    assert kept[0] == "line 0"
    assert lost == f"{100 - len(kept)} lines were lost: the log did not keep up"


def test_a_pipe_that_nobody_reads_holds_up_nobody(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fifo = tmp_path / "log"
    os.mkfifo(fifo)
    sinks = Sinks(LogConfig(logfile=str(fifo)), "node1")
    for _ in range(3):
        sinks.write(Line(0.0, Level.INFO, "who hears?"))
    assert capfd.readouterr().err.count("cannot be written") == 1, "said once, where it can be seen"
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    sinks.write(Line(0.0, Level.INFO, "now somebody does"))
    assert os.read(reader, 4096).endswith(b"now somebody does\n")
    for _ in range(2000):  # more than a pipe holds
        sinks.write(Line(0.0, Level.INFO, "x" * 100))
    os.close(reader)
    sinks.close()


def test_syslog_gets_facility_and_severity(tmp_path: Path) -> None:
    path = str(tmp_path / "dev-log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(path)
        syslog.settimeout(5)
        sink = SyslogSink("local7", path)
        sink.write(Line(0.0, Level.WARNING, "alarm"), "")
        sink.close()
        said = syslog.recv(1000).decode()
    assert said.startswith(f"<{23 * 8 + 4}>")
    assert said.endswith(f"heartbeat[{os.getpid()}]: WARN: alarm")


def test_a_syslog_that_does_not_read_is_not_waited_for(tmp_path: Path) -> None:
    path = str(tmp_path / "dev-log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(path)
        sink = SyslogSink("daemon", path)
        for _ in range(2000):  # far more than a socket holds; were one of them to wait, the test would hang
            sink.write(Line(0.0, Level.INFO, "x" * 500), "")
        sink.close()


def test_a_missing_syslog_is_found_when_it_comes(tmp_path: Path) -> None:
    path = str(tmp_path / "dev-log")
    sink = SyslogSink("daemon", path)
    sink.write(Line(0.0, Level.INFO, "nobody hears"), "")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(path)
        syslog.settimeout(5)
        sink.write(Line(0.0, Level.INFO, "somebody hears"), "")
        assert b"somebody hears" in syslog.recv(1000)
        sink.close()
