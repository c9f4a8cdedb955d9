"""A pair of hosts behind a real sshd (asyncssh's) on loopback addresses; for the kit and for trying things out.

Their shells are real too: the order is run by /bin/sh with nothing on its PATH but `sh`, `sleep`, `nohup`, `true`
and a `poweroff` that tells the simulator. Whatever else an order wants is not found.
"""

import asyncio
import os
import shutil
import tempfile
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import asyncssh
from heartbeat.testing.device import DeviceSimulator, Fault

HOSTS = ("127.0.0.1", "127.0.0.2")
"""All of 127/8 is this machine on Linux, so that two hosts can share one port."""
DELAY_S = 0.1
TIMEOUT_S, HASTY_S = 20.0, 1.0
_TOOLS = ("sh", "sleep", "nohup", "true")


class SshHosts(DeviceSimulator):
    """Two hosts that let one key in and switch themselves off when told to."""

    faults = frozenset(
        {
            Fault.UNREACHABLE, Fault.SILENT, Fault.CLOSES, Fault.GARBAGE, Fault.REFUSES_LOGIN, Fault.STRANGER,
            Fault.DENIES, Fault.LIES,
        }
    )  # fmt: skip

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hb-ssh-"))
        self.port = 0
        self.orders: list[tuple[str, str, str]] = []
        """User, host and command of each order, as the hosts heard them."""
        self.hangs = False
        """Take orders and never finish them, like a host that has run out of memory."""
        self.fault: Fault | None = None
        self._servers: dict[str, asyncssh.SSHAcceptor | asyncio.Server] = {}
        self._make_keys()
        self._make_shell()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ssh-hosts")
        self._thread.start()
        self._do(self._listen())

    def params(self) -> dict[str, str]:
        return {
            "hostlist": " ".join(HOSTS),
            "port": str(self.port),
            "identity_file": str(self.folder / "client"),
            "known_hosts": str(self.folder / "known_hosts"),
            "delay": f"{DELAY_S}",
            "timeout": f"{TIMEOUT_S}",
        }

    def hasty_params(self) -> dict[str, str]:
        return {**self.params(), "timeout": f"{HASTY_S}"}

    def hosts(self) -> list[str]:
        return list(HOSTS)

    def is_on(self, host: str) -> bool:
        return not (self.folder / f"off-{host}").exists()

    def misbehave(self, fault: Fault) -> None:
        self.fault = fault
        if fault is Fault.STRANGER:
            (self.folder / "known_hosts").write_text("")
        if fault in (Fault.UNREACHABLE, Fault.SILENT, Fault.CLOSES, Fault.GARBAGE):
            self._do(self._stop_listening())
        if fault in (Fault.SILENT, Fault.CLOSES, Fault.GARBAGE):
            self._do(self._listen_badly())

    def close(self) -> None:
        self._do(self._stop_listening())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        shutil.rmtree(self.folder, ignore_errors=True)  # a login that is just being ended may still write there

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _make_keys(self) -> None:
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        client = asyncssh.generate_private_key("ssh-ed25519")
        client.write_private_key(self.folder / "client")
        client.write_public_key(self.folder / "authorized")
        stranger = asyncssh.generate_private_key("ssh-ed25519")
        stranger.write_private_key(self.folder / "stranger")
        stranger.write_public_key(self.folder / "nobody")

    def _make_shell(self) -> None:
        self._bin = self.folder / "bin"
        self._bin.mkdir()
        for tool in _TOOLS:
            found = shutil.which(tool)
            assert found is not None, f"{tool} is in every Debian"
            (self._bin / tool).symlink_to(found)
        (self._bin / "poweroff").write_text(f'#!/bin/sh\n: > "{self.folder}/off-$HB_HOST"\n')
        (self._bin / "poweroff").chmod(0o755)

    async def _listen(self) -> None:
        for host in HOSTS:
            server = await asyncssh.listen(
                host,
                self.port,
                server_host_keys=[self.host_key],
                server_factory=lambda: _Door(self),
                process_factory=self._obey,
                encoding=None,
            )
            self.port = self.port or server.get_port()
            self._servers[host] = server
        names = ",".join(f"[{host}]:{self.port}" for host in HOSTS)
        public = self.host_key.export_public_key().decode()
        (self.folder / "known_hosts").write_text(f"{names} {public}")

    async def _stop_listening(self) -> None:
        for server in self._servers.values():
            server.close()
            await server.wait_closed()
        self._servers.clear()

    async def _listen_badly(self) -> None:
        for host in HOSTS:
            self._servers[host] = await asyncio.start_server(self._answer_badly, host, self.port)

    async def _answer_badly(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match self.fault:
            case Fault.CLOSES:
                writer.write(b"SSH-2.0-Open")
            case Fault.GARBAGE:
                writer.write(b"SSH-2.0-Garbage\r\n" + bytes(range(256)) * 8)
        if self.fault is not Fault.CLOSES:
            await reader.read()  # until the client gives up
        writer.close()

    async def _obey(self, process: "asyncssh.SSHServerProcess[bytes]") -> None:
        """Run an order as sshd would: by the user's shell, in a session of its own."""
        host: str = process.get_extra_info("sockname")[0]
        self.orders.append((process.get_extra_info("username"), host, process.command or ""))
        if self.hangs:
            await process.wait_closed()
            return
        if self.fault is Fault.DENIES:
            process.stderr.write(b"poweroff: must be superuser.\n")
            process.exit(1)
            return
        if self.fault is Fault.LIES:
            process.exit(0)
            return
        shell = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            process.command or "",
            env={"PATH": str(self._bin), "HB_HOST": host},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        process.exit(await shell.wait())


class _Door(asyncssh.SSHServer):
    """Lets in whoever has the simulator's key."""

    def __init__(self, hosts: SshHosts) -> None:
        self._hosts = hosts

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        name = "nobody" if self._hosts.fault is Fault.REFUSES_LOGIN else "authorized"
        self._connection.set_authorized_keys(os.fspath(self._hosts.folder / name))
        return True
