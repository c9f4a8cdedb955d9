"""The watchdog device: what it is told, in which order, and what leaves its timer running."""

import errno
import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat.plugin import BadConfig, NotInstalled, PluginError, Unreachable
from heartbeat.plugin import watchdog as brick
from heartbeat.plugin.watchdog import INFO, MAGICCLOSE, SOFTWARE, KernelWatchdog, independent, open_watchdog

METAL = "flags : fpu sse2"
VIRTUAL = "processor: 0\nflags\t\t: fpu hypervisor sse2\n"


class Driver:
    """What the kernel's side does with each request, as watchdog-api.rst tells it."""

    def __init__(self, identity: str = "iTCO_wdt", options: int = MAGICCLOSE, shortest_s: int = 1) -> None:
        self.identity, self.options, self.shortest_s = identity, options, shortest_s
        self.timeout_s, self.fed = 60, 0
        self.is_gone = False

    def ioctl(self, fd: int, request: int, argument: bytearray) -> None:
        assert os.fstat(fd)
        if self.is_gone:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        match request:
            case brick.GETSUPPORT:
                argument[:] = INFO.pack(self.options, 0, self.identity.encode())
            case brick.SETTIMEOUT:
                wanted_s = struct.unpack("@i", argument)[0]
                if wanted_s > 600:
                    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
                self.timeout_s = max(wanted_s, self.shortest_s)
            case brick.GETTIMEOUT:
                argument[:] = struct.pack("@i", self.timeout_s)
            case brick.KEEPALIVE:
                self.fed += 1
            case _:
                raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """What is written to the device, to be read at the other end."""
    ends = os.pipe()
    yield ends
    os.close(ends[0])


def test_the_time_out_is_what_the_device_says_and_not_what_was_asked(pipe: tuple[int, int]) -> None:
    device = KernelWatchdog(pipe[1], 2, Driver(shortest_s=4).ioctl)
    assert (device.identity, device.timeout_s) == ("iTCO_wdt", 4)
    device.abandon()


def test_feeding_is_one_request_and_a_device_that_is_gone_is_said(pipe: tuple[int, int]) -> None:
    driver = Driver()
    device = KernelWatchdog(pipe[1], 5, driver.ioctl)
    device.feed()
    device.feed()
    assert driver.fed == 2
    driver.is_gone = True
    with pytest.raises(PluginError, match="does not take what it is fed: No such device"):
        device.feed()
    device.abandon()


@pytest.mark.parametrize("end", ["disarm", "abandon"])
def test_only_disarm_writes_the_letter_that_stops_the_timer(pipe: tuple[int, int], end: str) -> None:
    device = KernelWatchdog(pipe[1], 5, Driver().ioctl)
    getattr(device, end)()
    assert os.read(pipe[0], 16) == (b"V" if end == "disarm" else b"")


@pytest.mark.parametrize(
    ("driver", "refusal"),
    [
        (Driver(options=0), "stops its timer when the process that feeds it dies"),
        (Driver(identity="odd"), "odd takes no time-out of 900 s: Invalid argument"),
    ],
)
def test_a_driver_that_cannot_do_it_is_refused_with_its_name(
    pipe: tuple[int, int], driver: Driver, refusal: str
) -> None:
    with pytest.raises(BadConfig, match=refusal):
        KernelWatchdog(pipe[1], 900, driver.ioctl)
    os.close(pipe[1])


def test_a_device_that_is_refused_does_not_run_on(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brick, "_ioctl", Driver(options=0).ioctl)
    monkeypatch.setattr(os, "open", lambda *_: pipe[1])
    with pytest.raises(BadConfig):
        brick._opened("/dev/watchdog", 5)
    assert os.read(pipe[0], 16) == b"V"


@pytest.mark.parametrize(
    ("identity", "cpuinfo", "weakness"),
    [
        ("iTCO_wdt", METAL, ""),
        (SOFTWARE, METAL, "stands still with it"),
        ("iTCO_wdt", VIRTUAL, "while the machine is paused"),
        ("sp5100_tco", "", ""),
    ],
)
def test_a_timer_that_may_stand_still_with_its_machine_proves_nothing(
    identity: str, cpuinfo: str, weakness: str
) -> None:
    assert weakness in independent(identity, cpuinfo)
    assert bool(independent(identity, cpuinfo)) == bool(weakness)


def test_what_is_no_watchdog_is_refused_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match="modprobe softdog"):
        open_watchdog(str(tmp_path / "watchdog"), 5)
    (tmp_path / "file").touch()
    with pytest.raises(BadConfig, match="neither a watchdog device nor a socket"):
        open_watchdog(str(tmp_path / "file"), 5)
    with pytest.raises(BadConfig, match="is no watchdog of Linux: Inappropriate ioctl"):
        open_watchdog("/dev/null", 5)


class Keeper:
    """Another program's timer behind a socket; takes one owner."""

    def __init__(self, path: Path, answer: bytes) -> None:
        self.path, self._answer = path, answer
        self.said: list[str] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(path))
        self._listener.listen(4)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            while word := connection.recv(256).decode():
                self.said.append(word)
                if word.startswith("timeout") and self._answer:
                    connection.send(self._answer)
                elif word.startswith("timeout"):
                    return

    def end(self) -> list[str]:
        self._thread.join(5)
        assert not self._thread.is_alive()
        self._listener.close()
        return self.said


@pytest.mark.parametrize("end", ["disarm", "abandon"])
def test_a_timer_behind_a_socket_is_fed_and_stopped_by_words(tmp_path: Path, end: str) -> None:
    keeper = Keeper(tmp_path / "dog", b"armed 5 lab watchdog")
    device = open_watchdog(str(keeper.path), 5)
    assert (device.identity, device.timeout_s, device.weakness) == ("lab watchdog", 5.0, "")
    device.feed()
    getattr(device, end)()
    assert keeper.end() == ["timeout 5", "feed", *(["disarm"] if end == "disarm" else [])]


def test_a_timer_that_another_process_has_is_not_taken(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "dog", b"")
    with pytest.raises(Unreachable, match="another process has it"):
        open_watchdog(str(keeper.path), 5)
    assert keeper.end() == ["timeout 5"]


def test_what_answers_otherwise_is_no_watchdog(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "dog", b"hello 5 there")
    with pytest.raises(BadConfig, match="is no watchdog"):
        open_watchdog(str(keeper.path), 5)
    keeper.end()


def test_a_socket_without_a_program_is_said(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(tmp_path / "dog"))
    listener.close()
    with pytest.raises(Unreachable, match="Connection refused"):
        open_watchdog(str(tmp_path / "dog"), 5)


def test_feeding_a_program_that_has_gone_is_said(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "dog", b"armed 5 lab watchdog")
    device = open_watchdog(str(keeper.path), 5)
    device._socket.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined] # as its end looks from here
    keeper.end()
    with pytest.raises(PluginError, match="is gone"):
        device.feed()
    device.abandon()
