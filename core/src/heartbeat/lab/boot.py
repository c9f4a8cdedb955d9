"""First breath of a lab node: arranges the fresh namespaces, then becomes a PID 1 that only reaps.

Run by path with ``python -I -S`` inside namespaces that ``unshare`` has just made, so it uses the standard
library alone and starts in a few milliseconds:

    boot.py NAME DISK SHARE [TTY=CABLE]...

DISK holds what survives a power cut (``ha.d``, ``state``, ``log``, ``boot_id``, ``hosts``); everything else that
a node can write to is memory of its own. SHARE becomes ``/run/heartbeat-lab``. TTY (``/dev/ttyS1``) is a serial port of
the node, and CABLE (``/dev/pts/5``) what is at its end. Says ``ready`` on standard output.
"""

# pathlib alone would take longer to import than all the rest of this file to run.
# ruff: noqa: PTH103, PTH102, PTH112, PTH120, PTH123, PTH208, PTH211

import ctypes
import os
import signal
import socket
import sys

MS_RDONLY, MS_BIND, MS_REC = 1, 4096, 16384
"""Flags of mount(2), linux/mount.h."""

SYSCTLS = {
    "net/ipv6/conf/default/accept_dad": "0",
    "net/ipv6/conf/all/accept_dad": "0",
    "net/ipv6/conf/default/accept_ra": "0",
}
"""A lab's static addresses are free by construction and must be usable at once."""

_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str = "none", flags: int = MS_BIND, data: str = "") -> None:
    """mount(2); raises OSError naming the target."""
    if _libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode()):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def graft(source: str, target: str) -> None:
    """Make SOURCE appear at TARGET, also where the machine has no such directory, without touching the machine."""
    if not os.path.isdir(target):
        parent = os.path.dirname(target)
        _make_writable(parent)
        os.makedirs(target)
    mount(source, target)


def _make_writable(directory: str) -> None:
    """Lay a memory-backed overlay over a directory."""
    store = f"/run/.lab/{directory.strip('/').replace('/', '-')}"
    os.makedirs(f"{store}/upper")
    os.makedirs(f"{store}/work")
    options = f"lowerdir={directory},upperdir={store}/upper,workdir={store}/work"
    try:
        mount("overlay", directory, "overlay", 0, options)
    except OSError:
        # Inside a user namespace overlay may not use trusted.* attributes (Linux 5.11, overlayfs.rst).
        mount("overlay", directory, "overlay", 0, options + ",userxattr")


def _try(source: str, target: str, kind: str, flags: int) -> None:
    """Mount what a node can do without: some sandboxes forbid it."""
    try:
        mount(source, target, kind, flags)
    except OSError as wrong:
        sys.stderr.write(f"boot: {target} is the machine's own: {wrong.strerror}\n")


def _ports(ports: dict[str, str]) -> None:
    """Give the node serial ports that the machine need not have.

    Device files cannot be made in a user namespace, so /dev becomes memory in which everything points to where the
    machine's own stays visible. Terminals and shared memory are mounts of their own: their names are looked up.
    """
    os.makedirs("/run/.lab/dev")
    mount("/dev", "/run/.lab/dev", flags=MS_BIND | MS_REC)
    mount("tmpfs", "/dev", "tmpfs", 0, "mode=755")
    for entry in os.listdir("/run/.lab/dev"):
        if entry in ("pts", "shm"):
            os.mkdir(f"/dev/{entry}")
            mount(f"/run/.lab/dev/{entry}", f"/dev/{entry}", flags=MS_BIND | MS_REC)
        elif f"/dev/{entry}" not in ports:
            os.symlink(f"/run/.lab/dev/{entry}", f"/dev/{entry}")
    for port, cable in ports.items():
        os.symlink(cable, port)


def arrange(name: str, disk: str, share: str, ports: dict[str, str]) -> None:
    """Give this node its own name, boot id, directories, serial ports and kernel settings."""
    socket.sethostname(name)
    # The lab's directory may lie below /run, which is about to be covered: hold on to both.
    kept = f"/proc/self/fd/{os.open(disk, os.O_PATH | os.O_DIRECTORY)}"
    shared = f"/proc/self/fd/{os.open(share, os.O_PATH | os.O_DIRECTORY)}"
    _try("sysfs", "/sys", "sysfs", MS_RDONLY)
    mount("tmpfs", "/run", "tmpfs", 0, "mode=755")
    for directory in ("/run/lock", "/run/heartbeat-lab"):
        os.mkdir(directory)
    mount(shared, "/run/heartbeat-lab")
    graft(f"{kept}/ha.d", "/etc/ha.d")
    graft(f"{kept}/state", "/var/lib/heartbeat")
    graft(f"{kept}/log", "/var/log")
    mount(f"{kept}/boot_id", "/proc/sys/kernel/random/boot_id")
    mount(f"{kept}/hosts", "/etc/hosts")
    if ports:
        _ports(ports)
    # A node that resets itself must not take the machine along (the magic key knows no namespaces).
    _try("/dev/null", "/proc/sysrq-trigger", "none", MS_BIND)
    for key, value in SYSCTLS.items():
        try:
            with open(f"/proc/sys/{key}", "w", encoding="ascii") as setting:
                setting.write(value)
        except FileNotFoundError:
            continue  # a kernel without IPv6


def main() -> None:
    name, disk, share = sys.argv[1:4]
    arrange(name, disk, share, dict(word.split("=", 1) for word in sys.argv[4:]))
    os.chdir("/")
    # Ignoring SIGCHLD makes the kernel reap every orphan by itself, and an ignored signal stays ignored over
    # exec: so the smallest program there is can be PID 1.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.execvp("sleep", ["sleep", "infinity"])  # noqa: S606 - becoming it is the point


if __name__ == "__main__":
    main()
