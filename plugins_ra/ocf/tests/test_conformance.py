"""The kit's tests: with a small agent of our own, and with real agents of Debian's resource-agents."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest
from heartbeat.testing.namespace import Namespace, cable, namespaces, why_not
from heartbeat.testing.ra import AgentConformance
from heartbeat_ra_ocf import OcfAgent

if TYPE_CHECKING:
    from plugins_ra.ocf.tests.conftest import OccasionOf, Service


class TestOurAgent(AgentConformance):
    plugin = OcfAgent
    readme = Path(__file__).parents[1] / "README.md"
    service: "Service"

    @pytest.fixture(autouse=True)
    def _service(self, service: "Service") -> None:
        self.service = service
        words = ("ocf:hbtest:service", f"ocf_root={service.root}", f"folder={service.folder}")
        self.words = words  # type: ignore[misc]  # known in the test only
        self.invalid = ({"ocf_type": "ocf:hbtest:nobody"}, service.given(validate="exit 6"))  # type: ignore[misc]

    def given(self) -> dict[str, str]:
        return self.service.given()

    def is_active(self) -> bool:
        return self.service.is_active()

    def break_it(self) -> None:
        self.service.kill()


@pytest.mark.usefixtures("debians")
class TestDummy(AgentConformance):
    """``ocf:heartbeat:Dummy``: its service is a file."""

    plugin = OcfAgent
    invalid: ClassVar[dict[str, str] | None] = {"ocf_type": "ocf:heartbeat:Dummy", "state": "/proc/nowhere/state"}
    state: Path

    @pytest.fixture(autouse=True)
    def _state(self, tmp_path: Path) -> None:
        self.state = tmp_path / "dummy.state"

    def given(self) -> dict[str, str]:
        return {"ocf_type": "heartbeat:Dummy", "state": str(self.state)}

    def is_active(self) -> bool:
        return self.state.exists()

    def break_it(self) -> None:
        self.state.unlink()


@pytest.mark.usefixtures("debians")
class TestDummyInPython(TestDummy):
    """``ocf:heartbeat:dummypy``: no shell anywhere. Its validate-all finds the error and then ends with 0."""

    invalid = None

    @pytest.fixture(autouse=True)
    def _state(self, tmp_path: Path) -> None:
        self.state = tmp_path / "dummypy.state"

    def given(self) -> dict[str, str]:
        return {"ocf_type": "heartbeat:dummypy", "state": str(self.state)}


@pytest.mark.usefixtures("debians")
class TestIPaddr2(AgentConformance):
    """``ocf:heartbeat:IPaddr2`` in a network of its own."""

    plugin = OcfAgent
    invalid: ClassVar = {"ocf_type": "ocf:heartbeat:IPaddr2", "ip": "10.7.0.300"}
    host: Namespace

    @pytest.fixture(autouse=True)
    def _host(self) -> Iterator[None]:
        if reason := why_not():
            pytest.skip(reason)
        with namespaces(2) as (host, other):
            cable(host, "eth0", other, "eth0")
            host.ip("address", "add", "10.7.0.1/24", "dev", "eth0")
            self.host = host
            with host.entered():
                yield

    def given(self) -> dict[str, str]:
        return {"ocf_type": "ocf:heartbeat:IPaddr2", "ip": "10.7.0.100", "arp_count": "1", "arp_bg": "false"}

    def is_active(self) -> bool:
        (link,) = json.loads(self.host.ip("-json", "address", "show", "dev", "eth0"))
        return "10.7.0.100" in [one.get("local") for one in link["addr_info"]]

    def break_it(self) -> None:
        self.host.ip("address", "delete", "10.7.0.100/24", "dev", "eth0")


def _why_no_mounts() -> str:
    try:
        subprocess.run(
            ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"], check=True, capture_output=True, text=True
        )
    except FileNotFoundError:
        return "no `unshare` program (package util-linux)"
    except subprocess.CalledProcessError as wrong:
        return f"nothing can be mounted here: {wrong.stderr.strip()}"
    return ""


@pytest.mark.usefixtures("debians")
class TestFilesystem(AgentConformance):
    """``ocf:heartbeat:Filesystem``: an ext4 in a file where there are loop devices, else a tmpfs."""

    plugin = OcfAgent
    folder: Path

    @pytest.fixture(autouse=True)
    def _mount_point(self, tmp_path: Path, occasion_of: "OccasionOf") -> Iterator[None]:
        if reason := _why_no_mounts():
            pytest.skip(reason)
        if missing := [name for name in ("modprobe", "fuser") if not shutil.which(name)]:
            pytest.skip(f"the agent Filesystem needs {' and '.join(missing)} (packages kmod and psmisc)")
        self.folder = tmp_path / "data"
        self.folder.mkdir()
        self.device = self._loop_device(tmp_path / "disk")
        occasion_of("monitor", "Filesystem")
        yield
        while self.is_active():
            subprocess.run(["umount", "-l", self.folder], check=True)
        if self.device:
            subprocess.run(["losetup", "--detach", self.device], check=False)

    def _loop_device(self, disk: Path) -> str:
        """Return a loop device with an ext4 on it; empty where none can be had."""
        with disk.open("wb") as file:
            file.truncate(8 * 1024 * 1024)
        try:
            subprocess.run(["mkfs.ext4", "-q", disk], check=True, capture_output=True)
            made = subprocess.run(["losetup", "--find", "--show", disk], check=True, capture_output=True, text=True)
        except (FileNotFoundError, subprocess.CalledProcessError):
            return ""
        return made.stdout.strip()

    def given(self) -> dict[str, str]:
        kind = {"device": self.device, "fstype": "ext4"} if self.device else {"device": "hbtest", "fstype": "tmpfs"}
        return {"ocf_type": "ocf:heartbeat:Filesystem", "directory": str(self.folder), **kind}

    def is_active(self) -> bool:
        return os.path.ismount(self.folder)

    def break_it(self) -> None:
        subprocess.run(["umount", self.folder], check=True)
