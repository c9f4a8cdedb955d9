"""Exit codes of OCF agents: what each means for each action, as an answer or as an error."""

from heartbeat.plugin import AccessDenied, BadConfig, Health, NotInstalled, PluginError, Unsupported

OK, GENERIC, ARGS, UNIMPLEMENTED, PERM, INSTALLED, CONFIGURED, NOT_RUNNING = range(8)
RUNNING_PROMOTED, FAILED_PROMOTED = 8, 9
DEGRADED, DEGRADED_PROMOTED = 190, 191

MEANING = {
    OK: "success",
    GENERIC: "generic error",
    ARGS: "the parameters do not fit this host",
    UNIMPLEMENTED: "the agent does not have this action",
    PERM: "not privileged enough",
    INSTALLED: "software or hardware that it needs is not installed",
    CONFIGURED: "the parameters are wrong on every host",
    NOT_RUNNING: "not running",
    RUNNING_PROMOTED: "running, promoted",
    FAILED_PROMOTED: "failed while promoted",
    126: "it cannot be executed",
    127: "a program in it was not found",
    DEGRADED: "running, degraded",
    DEGRADED_PROMOTED: "running, promoted, degraded",
}


class BadArguments(BadConfig):
    """The parameters cannot work on this host, though they may on another (OCF_ERR_ARGS)."""

    ocf_code = 2


_ERRORS: dict[int, type[PluginError]] = {
    ARGS: BadArguments,
    UNIMPLEMENTED: Unsupported,
    PERM: AccessDenied,
    INSTALLED: NotInstalled,
    CONFIGURED: BadConfig,
    126: NotInstalled,
    127: NotInstalled,
}

_HEALTH = {
    OK: Health.RUNNING,
    DEGRADED: Health.RUNNING,
    NOT_RUNNING: Health.STOPPED,
    RUNNING_PROMOTED: Health.PROMOTED,
    DEGRADED_PROMOTED: Health.PROMOTED,
    FAILED_PROMOTED: Health.FAILED,
}


def health_of(code: int, said: str) -> Health:
    """Return what a monitor's exit code says; ``said`` is the sentence of an error.

    Only "not installed" is a harmless error of a monitor: what is not installed cannot run here. All others leave
    open whether it runs, so they are failures, not refusals, which would count as stopped. Raises PluginError.
    """
    if code in _HEALTH:
        return _HEALTH[code]
    if code == INSTALLED:
        raise NotInstalled(said)
    if code == PERM:
        raise AccessDenied(said)
    raise PluginError(said)


def error_of(code: int, said: str) -> PluginError:
    """Return the error of an action that should have ended with 0: start, promote, demote, validate-all."""
    return _ERRORS.get(code, PluginError)(said)


def show_code(code: int) -> str:
    """``exit code 6, the parameters are wrong on every host``"""
    if code < 0:
        return f"ended by signal {-code}"
    meaning = MEANING.get(code)
    return f"exit code {code}, {meaning}" if meaning else f"exit code {code}, which OCF does not know"
