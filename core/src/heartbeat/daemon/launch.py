"""``hb run`` from its first line to the supervisor: directories, lock, leftovers, and what may be wrong with them."""

import errno
import gc
import os
from collections.abc import Callable
from pathlib import Path

from heartbeat.daemon.leftovers import clear_leftovers
from heartbeat.daemon.loading import Show, load_plan
from heartbeat.daemon.node_plan import NodePlan
from heartbeat.daemon.pidfile import AlreadyRunning, PidFile
from heartbeat.model.places import Places

Say = Callable[[str], None]


class CannotStart(Exception):
    """Why this node cannot run here, in one line with the mend."""


def launch(places: Places, node: str | None, show: Show, say: Say) -> int:
    """Run one node in the foreground; returns the exit status of ``hb run``. Raises CannotStart.

    ``show`` prints findings about the configuration; ``say`` prints one line.
    """
    plan = load_plan(places, node, show)
    if plan is None:
        return 1
    _directory(places.run, plan, 0o755)
    _directory(places.state, plan, 0o750)
    _log_files(plan)
    try:
        lock = PidFile(places.pid_file)
        if lock.stale:
            say(f"an earlier instance (pid {lock.stale}) did not end in order")
        clear_leftovers(places, say)
    except AlreadyRunning as running:
        raise CannotStart(str(running)) from None
    except OSError as wrong:
        raise CannotStart(f"{places.run} cannot be written: {wrong.strerror}; {_mend(places.run)}") from None
    if os.geteuid() != 0:
        say("not root: no real-time scheduling, no fixed addresses; resources that need more will fail")
    # Imported late: whoever is refused above has not paid for it.
    from heartbeat.daemon.supervisor import Supervisor

    gc.collect()
    gc.freeze()  # so that collections in the children touch, and thereby copy, none of our pages
    return Supervisor(places, plan, lock).run()


def _directory(path: Path, plan: NodePlan, mode: int) -> None:
    """Make the directory when missing, and give it to the daemon's user and the admin group."""
    try:
        if not path.is_dir():
            path.mkdir(parents=True)
            path.chmod(mode)
            if os.geteuid() == 0 and plan.admin_gid is not None:
                _give(path, -1, plan.admin_gid)
        if os.geteuid() == 0 and plan.identity is not None:
            _give(path, plan.identity.uid, -1)
            for inside in path.glob("*.db*"):
                _give(inside, plan.identity.uid, -1)
    except OSError as wrong:
        raise CannotStart(f"{path} cannot be made or written: {wrong.strerror}; {_mend(path)}") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise CannotStart(f"{path} cannot be written by uid {os.geteuid()}; {_mend(path)}")


def _give(path: Path, uid: int, gid: int) -> None:
    """Change the owner or the group, unless this user namespace knows no such id: nobody here could have it anyway."""
    try:
        os.chown(path, uid, gid)
    except OSError as wrong:
        if wrong.errno != errno.EINVAL:
            raise


def _mend(path: Path) -> str:
    return f"mend its permissions, or name another than {path.name} with --state, --run-dir, HB_STATE or HB_RUN_DIR"


def _log_files(plan: NodePlan) -> None:
    """Log files are made by root and then belong to the daemon's user. One that cannot be had stops nobody."""
    if plan.identity is None or os.geteuid() != 0:
        return
    for name in filter(None, (plan.config.log.logfile, plan.config.log.debugfile)):
        try:
            with Path(name).open("a", encoding="utf-8"):
                os.chown(name, plan.identity.uid, -1)
        except OSError:
            continue  # the daemon says so, in the logs that it can write
