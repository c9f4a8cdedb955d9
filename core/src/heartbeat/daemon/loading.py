"""Configuration and keys, read in a child that is then thrown away with everything that it imported.

Whatever may wait or grow happens there: plugin discovery, the plugins' own checks, look-ups of users and groups.
The supervisor gets plain values back through a pipe, and stays small.
"""

import grp
import os
import pwd
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import msgspec

from heartbeat.config.cluster_config import ClusterConfig
from heartbeat.daemon.access import Access
from heartbeat.daemon.keyring import KeyLine, Keys
from heartbeat.daemon.node_plan import ClientPlan, Identity, NodePlan
from heartbeat.model.places import Places
from heartbeat.pils.place import place_of

if TYPE_CHECKING:
    # Imported by the child alone.
    from heartbeat.config.authkeys import AuthKeys
    from heartbeat.config.load import Loaded
    from heartbeat.plugin.registry import Registry

T = TypeVar("T")

Show = Callable[["Loaded"], None]
"""Prints what is wrong with, or worth knowing about, the files. Called in the child."""


def load_plan(places: Places, node: str | None, show: Show) -> NodePlan | None:
    """Return what this node needs to start; None when the files have errors, which were shown."""
    return _in_child(lambda: _load(places, node, show), NodePlan)


def load_keys(places: Places, user: str) -> Keys | None:
    """Return authkeys as it is now; None when it has errors, which were written to stderr."""
    return _in_child(lambda: _load_keys(places, user), Keys)


def _load(places: Places, node: str | None, show: Show) -> NodePlan | None:
    from heartbeat.config.load import load
    from heartbeat.pils.fingerprint import fingerprint_of_used
    from heartbeat.pils.registry import PluginRegistry

    registry = PluginRegistry(config=places.config)
    loaded = load(places, registry, node=node, hooks=False)
    show(loaded)
    for notice in registry.notices:
        print(f"hb run: {notice}", file=sys.stderr)
    if loaded.config is None or loaded.keys is None:
        return None
    plan = plan_of(loaded.config, loaded.keys, registry)
    return msgspec.structs.replace(plan, plugins=fingerprint_of_used(registry))


def plan_of(config: ClusterConfig, keys: "AuthKeys", registry: "Registry") -> NodePlan:
    """Return the plan of a checked configuration: names of classes, users and groups looked up."""
    admin_gid = _gid(config.process.group) if config.process.group else None
    return NodePlan(
        config=config,
        keys=_keys(keys, registry),
        media=tuple(place_of(registry.load("comm", medium.directive)) for medium in config.media),
        access=_access(config, admin_gid),
        identity=_identity(config.process.user) if config.process.user else None,
        admin_gid=admin_gid,
        drivers=_drivers(config, registry),
        clients=tuple(ClientPlan(_identity(one.user), one.argv, one.failfast) for one in config.clients),
    )


def _load_keys(places: Places, user: str) -> Keys | None:
    from heartbeat.config.authkeys import read_authkeys
    from heartbeat.pils.registry import PluginRegistry

    registry = PluginRegistry()
    keys, findings = read_authkeys(places.authkeys, registry, run_as=user)
    for finding in findings:
        sys.stderr.write(f"{finding}; mend: {finding.mend}\n")
    return _keys(keys, registry) if keys is not None else None


def _keys(keys: "AuthKeys", registry: "Registry") -> Keys:
    lines = [
        KeyLine(number, key.method, place_of(registry.load("auth", key.method)), key.secret.reveal())
        for number, key in sorted(keys.keys.items())
    ]
    return Keys(keys.active, tuple(lines))


def _drivers(config: ClusterConfig, registry: "Registry") -> tuple[tuple[str, str, str], ...]:
    places = ((kind, name, place_of(registry.load(kind, name))) for kind, name in config.drivers)
    return tuple(driver for driver in places if driver[2])


def _access(config: ClusterConfig, admin_gid: int | None) -> Access:
    """Root, the daemon's user, the admin group, and whomever any apiauth line names.

    The local API has no client names: a rule for ``ipfail`` lets its users do what every permitted client may.
    """
    users = [
        *([config.process.user] if config.process.user else []),
        *(u for rule in config.api_rules for u in rule.uids),
    ]
    groups = [
        *([config.process.group] if admin_gid is not None else []),
        *(g for rule in config.api_rules for g in rule.gids),
    ]
    uids = {0, os.geteuid(), *(uid for name in users if (uid := _uid(name)) is not None)}
    gids = {gid for name in groups if (gid := _gid(name)) is not None}
    who = ["root", *(name for name in dict.fromkeys(users) if name != "root")]
    who += [f"members of {name}" for name in dict.fromkeys(groups)]
    return Access(frozenset(uids), frozenset(gids), ", ".join(who))


def _uid(name: str) -> int | None:
    try:
        return int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def _gid(name: str) -> int | None:
    try:
        return int(name) if name.isdigit() else grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def _identity(name: str) -> Identity:
    """Return a user that the check found to exist."""
    user = pwd.getpwnam(name)
    return Identity(name, user.pw_uid, user.pw_gid, tuple(os.getgrouplist(name, user.pw_gid)), user.pw_dir)


def _in_child(work: Callable[[], T | None], kind: type[T]) -> T | None:
    """Run in a fork; return its result, None when it had none or failed (and said why)."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if not pid:
        os.close(reader)
        _answer(work, writer)
    os.close(writer)
    with open(reader, "rb") as pipe:  # noqa: PTH123 - a descriptor has no path
        answer = pipe.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        advice = "a plugin that it names does that, most likely; `hb plugin list --check` tells which"
        sys.stderr.write(f"heartbeat: {name} ended the reading of the configuration: {advice}\n")
    return msgspec.msgpack.decode(answer, type=kind) if answer else None


def _answer(work: Callable[[], T | None], writer: int) -> None:
    """Be the child: write the result, if any, and end."""
    status = 1
    try:
        result = work()
        if result is not None:
            with open(writer, "wb") as pipe:
                pipe.write(msgspec.msgpack.encode(result))
            status = 0
    except Exception as wrong:  # noqa: BLE001 - one line for the operator, never a traceback
        sys.stderr.write(f"heartbeat: the configuration could not be read: {wrong!r}\n")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
