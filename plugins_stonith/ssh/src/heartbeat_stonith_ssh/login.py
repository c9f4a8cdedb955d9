"""Logging in to a host and giving it one order, with every failure in the words of the plugin's errors."""

import asyncio
import shlex
from collections.abc import Sequence
from pathlib import Path

import asyncssh
from heartbeat.plugin import AccessDenied, BadConfig, Params, ResetFailed, TimedOut, Unreachable

DEFAULT_KNOWN_HOSTS = (Path("~/.ssh/known_hosts"), Path("/etc/ssh/ssh_known_hosts"))
"""Where ssh(1) looks."""


def order(settings: Params, host: str) -> None:
    """Have the host switch itself off a moment later. Raises PluginError.

    TimedOut means that the order may have been taken; every other error that it was not.
    """
    asyncio.run(_within(settings, host, off_command(settings.number("delay"), settings.text("command"))))


def any_host_answers(settings: Params, hosts: Sequence[str]) -> None:
    """Return when one of the hosts lets us log in and run a command; raises one host's PluginError when none does."""
    asyncio.run(_any_host_answers(settings, hosts))


async def _any_host_answers(settings: Params, hosts: Sequence[str]) -> None:
    tries = [asyncio.create_task(_within(settings, host, "true")) for host in hosts]
    done = await asyncio.gather(*tries, return_exceptions=True)
    problems = [it for it in done if it is not None]
    if len(problems) == len(hosts):
        raise problems[0]


def off_command(delay_s: float, command: str) -> str:
    """Return a line for the host's shell that returns at once and acts after the delay, without our connection."""
    later = shlex.quote(f"sleep {delay_s:g}; {command}")
    return f"nohup sh -c {later} </dev/null >/dev/null 2>&1 &"


class _Progress:
    """Was the order given? Decides what a time-out means."""

    is_given = False


async def _within(settings: Params, host: str, command: str) -> None:
    limit_s, progress = settings.number("timeout"), _Progress()
    try:
        await asyncio.wait_for(_login_and_run(settings, host, command, progress), limit_s)
    except TimeoutError:
        if progress.is_given:
            raise TimedOut(f"{host} took the order and did not answer within {limit_s:g} s") from None
        raise Unreachable(f"{host} did not let us log in within {limit_s:g} s (`timeout`)") from None


async def _login_and_run(settings: Params, host: str, command: str, progress: _Progress) -> None:
    who, port = settings.text("user"), int(settings.number("port"))
    try:
        options = _options(settings)
        async with asyncssh.connect(host, port, username=who, options=options) as connection:
            await _run(connection, host, command, progress)
    except asyncssh.HostKeyNotVerifiable:
        raise AccessDenied(
            f"the host key of {host} is not known: add it to the file named by `known_hosts` "
            f"(ssh-keyscan -p {port} {host}, and compare it)"
        ) from None
    except asyncssh.PermissionDenied:
        raise AccessDenied(f"{host} does not let {who} log in: check `user` and `identity_file`") from None
    except (OSError, asyncssh.Error) as problem:
        raise Unreachable(f"{host} port {port} cannot be reached by ssh: {_first_line(problem)}") from None


async def _run(connection: asyncssh.SSHClientConnection, host: str, command: str, progress: _Progress) -> None:
    progress.is_given = True
    try:
        result = await connection.run(command, check=False)
    except (OSError, asyncssh.Error) as problem:
        raise TimedOut(f"the connection to {host} broke while it took the order: {_first_line(problem)}") from None
    if result.exit_status is None:
        raise TimedOut(f"{host} closed the connection before it said whether it took the order")
    if result.exit_status != 0:
        said = _first_line(result.stderr or "")
        raise ResetFailed(f"{host} refused the order with exit status {result.exit_status}{said and ': ' + said}")


def _options(settings: Params) -> asyncssh.SSHClientConnectionOptions:
    """Return options that depend on our parameters alone: no ssh_config, no agent, no password."""
    identity = settings.text("identity_file")
    known = _known_hosts(settings)
    try:
        return asyncssh.SSHClientConnectionOptions(
            config=None,
            agent_path=None,
            client_keys=[identity] if identity else (),
            known_hosts=known,
            preferred_auth="publickey",
        )
    except (OSError, ValueError) as problem:
        raise BadConfig(f"the key {identity or 'in ~/.ssh'} cannot be used: {_first_line(problem)}") from None


def _known_hosts(settings: Params) -> asyncssh.SSHKnownHosts | None:
    """Return the host keys to accept; None accepts every host and is only ever our answer to `check_host_key no`."""
    if not settings.flag("check_host_key"):
        return None
    named = settings.text("known_hosts")
    files = [Path(named)] if named else [it for path in DEFAULT_KNOWN_HOSTS if (it := path.expanduser()).exists()]
    try:
        return asyncssh.import_known_hosts("".join(path.read_text() + "\n" for path in files))
    except (OSError, ValueError) as problem:
        raise BadConfig(f"`known_hosts` {named} cannot be read: {_first_line(problem)}") from None


def _first_line(said: object) -> str:
    return str(said).strip().partition("\n")[0]
