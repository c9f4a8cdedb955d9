"""A resource agent plugin as an OCF agent: what the executables of ``hb export ocf`` call.

Pacemaker gives each action a process and a deadline of its own, so the agent runs right here; its errors keep the OCF
codes that they were made with.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from heartbeat.cli.export_follow_up import FollowUp
from heartbeat.executor.mask import Mask, secret_names
from heartbeat.executor.verdict import judge, one_line
from heartbeat.pils.export_ocf import has_roles, ocf_metadata
from heartbeat.pils.registry import PluginRegistry
from heartbeat.plugin.errors import PluginError
from heartbeat.plugin.occasion import Occasion
from heartbeat.plugin.param import BadParameter, parse_params
from heartbeat.plugin.ra import Health, ResourceAgent

OK, GENERIC, ARGS, UNIMPLEMENTED, PERM, INSTALLED, CONFIGURED, NOT_RUNNING, PROMOTED = range(9)
"""Exit codes of the OCF resource agent API."""

_HEALTH = {
    Health.RUNNING: OK,
    Health.STOPPED: NOT_RUNNING,
    Health.FAILED: GENERIC,
    Health.PROMOTED: PROMOTED,
}
_RESKEY = "OCF_RESKEY_"
_NOT_OURS = ("CRM_meta_", "crm_feature_set", "trace_ra", "trace_file")
"""Beginnings of names that a cluster passes for itself among the agent's parameters."""
_LIMITED_AS = {"monitor": "monitor", "status": "monitor", "stop": "stop", "demote": "stop"}


def main(driver: str) -> NoReturn:
    """Do the action that the one argument names, and end the process with an OCF code."""
    sys.exit(run(driver, sys.argv, os.environ))


def run(driver: str, argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Return the OCF code of one call."""
    if len(argv) != 2:
        return _reason(ARGS, "exactly one argument is needed, the action")
    registry = PluginRegistry()
    try:
        agent = registry.load("ra", driver)
    except (LookupError, PluginError) as problem:
        return _reason(INSTALLED, str(problem))
    assert issubclass(agent, ResourceAgent)
    name = Path(argv[0]).name
    match argv[1]:
        case "meta-data":
            print(ocf_metadata(agent, name, registry.find("ra", driver).version), end="")
            return OK
        case "usage" | "help":
            print(f"usage: {name} {{{'|'.join(_doable(agent))}|meta-data}}: {agent.title}")
            return OK
    if argv[1] not in _doable(agent):
        return _reason(UNIMPLEMENTED, f"{name} has no action {argv[1]!r}")
    return _Call(agent, argv[1], name, environment).code()


def _doable(agent: type[ResourceAgent]) -> tuple[str, ...]:
    roles = ("promote", "demote") if has_roles(agent) else ()
    return ("start", "stop", "monitor", "status", "notify", "validate-all", *roles)


class _Call:
    """One action on one resource."""

    def __init__(self, agent: type[ResourceAgent], action: str, name: str, environment: Mapping[str, str]) -> None:
        self._agent = agent
        self._action = action
        self._environment = environment
        raw = {
            key.removeprefix(_RESKEY): value
            for key, value in environment.items()
            if key.startswith(_RESKEY) and value and not key.removeprefix(_RESKEY).startswith(_NOT_OURS)
        }
        self._params, self._problems = parse_params(agent.params, raw, extra=agent.extra_params)
        self._mask = Mask([raw[each] for each in secret_names(agent.params, raw)])
        self._resource = environment.get("OCF_RESOURCE_INSTANCE") or name

    def code(self) -> int:
        """Do it and return the code; what the agent prints goes where Pacemaker looks for messages."""
        declared = {param.name for param in self._agent.params}
        unknown = [it for it in self._problems if it.name not in declared]
        wrong = [it for it in self._problems if it not in unknown]
        if wrong and self._action == "stop":
            # No start has ever accepted these, and a failed stop would have the node fenced for a slip of the pen.
            return _reason(OK, f"nothing to stop: no start accepts these parameters: {_listed(wrong)}")
        if self._problems and self._action != "stop":
            return _reason(CONFIGURED, _listed(self._problems))
        if unknown:
            print(f"{_listed(unknown)}; it is stopped all the same", file=sys.stderr)
        sys.stdout.flush()
        os.dup2(2, 1)
        self._announce()
        try:
            return self._do(self._agent(self._params))
        except Exception as error:  # noqa: BLE001 - whatever an agent raises has a code
            return _reason(_code_of(error), self._mask(judge(error, self._agent).detail))

    def _do(self, agent: ResourceAgent) -> int:
        follow_up = FollowUp(self._resource)
        match self._action:
            case "monitor" | "status":
                health = agent.monitor()
                if health is Health.FAILED:
                    return _reason(GENERIC, "it is broken or half there")
                return _HEALTH[health]
            case "start":
                follow_up.end()
                agent.prepare_start()
                agent.start()
                self._follow(follow_up, agent.after_start)
            case "stop":
                follow_up.end()
                agent.stop()
            case "promote":
                agent.promote()
            case "demote":
                agent.demote()
            case "notify":
                agent.notify()
            case "validate-all":
                if self._environment.get("OCF_CHECK_LEVEL") != "0":  # 0: the words alone, on whatever node this is
                    agent.validate()
        return OK

    def _follow(self, follow_up: FollowUp, work: Callable[[], object]) -> None:
        if self._agent.after_start is ResourceAgent.after_start:
            return
        try:
            follow_up.begin(work)
        except OSError as wrong:  # it runs; that is what was asked
            print(f"started, but nothing follows the start: {wrong}", file=sys.stderr)

    def _announce(self) -> None:
        """Tell the agent what it is part of, as our executor does."""
        told_ms = self._environment.get(f"{_RESKEY}CRM_meta_timeout", "")
        limits_s = self._agent.timeouts_s(self._params)
        limit_s = int(told_ms) / 1000 if told_ms.isdecimal() else limits_s[_LIMITED_AS.get(self._action, "start")]
        is_probe = self._action == "monitor" and self._environment.get(f"{_RESKEY}CRM_meta_interval", "0") == "0"
        action = (
            "probe" if is_probe else {"status": "monitor", "validate-all": "validate"}.get(self._action, self._action)
        )
        Occasion(self._resource, action, time.monotonic() + limit_s).announce(os.environ)


def _code_of(error: Exception) -> int:
    if isinstance(error, PluginError):
        return error.ocf_code
    if isinstance(error, NotImplementedError):
        return UNIMPLEMENTED
    return PERM if isinstance(error, PermissionError) else GENERIC


def _listed(problems: Sequence[BadParameter]) -> str:
    return "; ".join(f"{it.name} {it.problem}{it.nearest and f'; did you mean {it.nearest}?'}" for it in problems)


def _reason(code: int, text: str) -> int:
    """Tell a person why, on the line that Pacemaker shows; return the code."""
    print(f"{os.environ.get('OCF_EXIT_REASON_PREFIX', 'ocf-exit-reason:')}{one_line(text)}", file=sys.stderr)
    return code
