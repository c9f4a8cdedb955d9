"""The runner: one OCF agent, called ``AGENT ACTION`` with its parameters in the environment."""

import contextlib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from heartbeat.plugin import (
    API_CURRENT,
    BadConfig,
    Claim,
    Health,
    NotInstalled,
    Param,
    ParamKind,
    Params,
    PluginError,
    ResourceAgent,
    occasion,
)

from heartbeat_ra_ocf import codes, metadata
from heartbeat_ra_ocf.claims import claimed
from heartbeat_ra_ocf.environment import REASON, environment_of, make_rsctmp
from heartbeat_ra_ocf.kind import ROOT, OcfType, parse_type
from heartbeat_ra_ocf.trace import traced

if TYPE_CHECKING:
    from heartbeat.plugin.program import Ended

_STAMP = re.compile(r"^[A-Z][a-z]{2} [ \d]\d [\d:]{8} (?:[A-Z]+: )?")
"""``Nov 25 02:56:30 ERROR: ``, which the agents' library puts before what they log; the journal has its own time."""


class OcfAgent(ResourceAgent):
    """A resource of an OCF agent, as resource-agents and others bring them.

    All parameters but the two declared ones are the agent's own and reach it as they are. Clones, notifications and
    reloads do not exist: groups of haresources have none.
    """

    api = API_CURRENT
    title = "OCF resource agent"
    docs_url = "https://github.com/ClusterLabs/OCF-spec/blob/main/ra/1.1/resource-agent-api.md"
    params = (
        Param(
            "ocf_type",
            required=True,
            example="ocf:heartbeat:Filesystem",
            help="Which agent: ocf:PROVIDER:TYPE. Everything else is a parameter of that agent.",
        ),
        Param(
            "ocf_root",
            ParamKind.PATH,
            default=str(ROOT),
            example=str(ROOT),
            help="The folder with `resource.d/PROVIDER/TYPE`, handed to the agent as OCF_ROOT.",
        ),
    )
    positional = ("ocf_type",)
    extra_params = True

    @classmethod
    def warm(cls) -> None:
        """Import what runs programs."""
        import heartbeat.plugin.program  # noqa: F401 - for the forked children

    @classmethod
    def from_words(cls, words: Sequence[str]) -> dict[str, str]:
        """Take ``ocf::PROVIDER:TYPE::NAME=VALUE``."""
        if not words:
            raise ValueError("expected PROVIDER:TYPE[::NAME=VALUE...]")
        return {"ocf_type": words[0], **named(words[1:])}

    @classmethod
    def timeouts_s(cls, params: Params) -> dict[str, float]:
        """Return what the agent's meta-data advises; for what it does not say, our own."""
        advised: Mapping[str, float] = {}
        with contextlib.suppress(PluginError):  # not installed here, or silent: the operation will say so
            advised = metadata.ask(_type(params)).about.timeouts_s
        return {action: advised.get(action, limit_s) for action, limit_s in super().timeouts_s(params).items()}

    @classmethod
    def claims(cls, params: Params) -> tuple[Claim, ...]:
        try:
            return claimed(_type(params).name, params.extra)
        except BadConfig:
            return ()

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self._type = _type(params)

    def validate(self) -> None:
        """Have the agent check its parameters; one that cannot is believed. Raises PluginError."""
        ended = self._run("validate-all")
        if ended.code not in (codes.OK, codes.UNIMPLEMENTED):
            raise codes.error_of(ended.code, self._said("validate-all", ended))

    def start(self) -> None:
        self._do("start")

    def stop(self) -> None:
        """Stop it. That it does not run is a good end, too, and so is that it cannot run here, if a look agrees."""
        ended = self._run("stop")
        if ended.code == codes.OK:
            return
        said = self._said("stop", ended)
        if ended.code == codes.NOT_RUNNING:
            _warn(f"{said}; taken for stopped, since nothing runs")
        elif ended.code == codes.INSTALLED and self._run("monitor", is_probe=True).code in (
            codes.INSTALLED,
            codes.NOT_RUNNING,
        ):
            _warn(f"{said}; taken for stopped, since a look says that it does not run here")
        else:
            raise PluginError(said)

    def monitor(self) -> Health:
        """Ask the agent; at a probe with interval 0, which it takes for one. Raises PluginError."""
        ended = self._run("monitor", is_probe=occasion().action in ("probe", ""))
        if ended.code in (codes.DEGRADED, codes.DEGRADED_PROMOTED):
            _warn(self._said("monitor", ended))
        return codes.health_of(ended.code, self._said("monitor", ended))

    def promote(self) -> None:
        self._do("promote")

    def demote(self) -> None:
        self._do("demote")

    def _do(self, action: str) -> None:
        ended = self._run(action)
        if ended.code != codes.OK:
            raise codes.error_of(ended.code, self._said(action, ended))

    def _run(self, action: str, *, is_probe: bool = False) -> "Ended":
        """Run the agent; everything that it prints is passed on."""
        from heartbeat.plugin.program import run_program

        problem = self._type.problem
        if problem:
            raise NotInstalled(f"{problem}; install the package that brings it on every node")
        make_rsctmp()
        now = occasion()
        environment = environment_of(
            self._type, now.resource, self.settings.extra, action, is_probe=is_probe, left_s=now.left_s()
        )
        argv = [str(self._type.path), action]
        return traced(argv, environment, _pass_on) if now.trace else run_program(argv, environment, heard=_pass_on)

    def _said(self, action: str, ended: "Ended") -> str:
        """Return what came of an action, in one sentence: the agent's own reason, else its last words."""
        lines = [line.strip() for line in ended.stderr.splitlines() if line.strip()]
        reasons = [line.removeprefix(REASON).strip() for line in lines if line.startswith(REASON)]
        why = _STAMP.sub("", (reasons or lines or [""])[-1])[:300]
        return f"{self._type.word} {action}: {why or 'no reason given'} ({codes.show_code(ended.code)})"


def named(words: Sequence[str]) -> dict[str, str]:
    """Return the parameters of ``NAME=VALUE`` words. Raises ValueError with the form."""
    parted = [word.partition("=") for word in words if word]
    if not all(name and equals for name, equals, _ in parted):
        raise ValueError("expected NAME=VALUE words, for example ocf:heartbeat:Dummy::state=/run/dummy.state")
    return {name: value for name, _, value in parted}


def _type(params: Params) -> OcfType:
    try:
        return parse_type(params.text("ocf_type"), Path(params.text("ocf_root")))
    except ValueError as wrong:
        raise BadConfig(f"ocf_type {params.text('ocf_type')!r} names no agent: {wrong}") from None


def _pass_on(stream: str, chunk: bytes) -> None:
    os.write(1 if stream == "stdout" else 2, chunk)


def _warn(text: str) -> None:
    print(f"heartbeat: {text}", file=sys.stderr)
