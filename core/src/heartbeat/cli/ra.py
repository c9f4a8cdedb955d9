"""``hb ra``: resource agents of every make, and one of them by hand."""

import json
from collections.abc import Callable

import click

from heartbeat.cli.place_options import with_places
from heartbeat.cli.seconds import seconds
from heartbeat.model.operation import Action
from heartbeat.model.places import Places

_ACTIONS = {
    "probe": Action.PROBE,
    "monitor": Action.MONITOR,
    "status": Action.MONITOR,
    "start": Action.START,
    "stop": Action.STOP,
    "promote": Action.PROMOTE,
    "demote": Action.DEMOTE,
    "validate": Action.VALIDATE,
}
"""The word on the command line to the action; ``status`` is what classic scripts call it."""

_NAMING = """

NAME is a plugin (IPaddr2), a script of resource.d or init.d, or ocf:PROVIDER:TYPE; or a whole word of haresources with
its arguments (Filesystem::/dev/sdb1::/data::ext3). A secret is given as NAME=file:/path (mode 0600), NAME=env:VARIABLE
or NAME=prompt, so that it does not stand in the command line, where everybody can read it."""

_as_json = click.option("--json", "as_json", is_flag=True, help="As JSON, with stable keys.")


def _limit(context: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    return None if text is None else seconds(context, parameter, text)


def _by_hand(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command what names a resource, and how it is to be treated."""
    for option in (
        click.argument("words", nargs=-1, metavar="NAME=VALUE..."),
        click.option("--timeout", "limit_s", metavar="TIME", callback=_limit, help="[what the agent advises]"),
        _as_json,
    ):
        command = option(command)
    return command


@click.group()
def ra() -> None:
    """Resource agents: plugins, resource scripts, init scripts and OCF agents; what they take, and one by hand."""


@ra.command(name="list")
@_as_json
@with_places
def list_agents(where: Places, *, as_json: bool) -> None:
    """List the agents of this host: plugins, then the types found in resource.d, init.d and the folders of OCF.

    Reads metadata and directories only. When two have one name, the first in this order runs.
    """
    from heartbeat.cli.ra_facts import agents, agents_page
    from heartbeat.pils.registry import PluginRegistry

    found = agents(PluginRegistry(config=where.config))
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(agents_page(found)))


@ra.command()
@click.argument("name")
@_as_json
@with_places
def info(where: Places, *, name: str, as_json: bool) -> None:
    """Describe an agent: what it is, its parameters, time limits, whether it shares data, a line of haresources.

    An OCF agent is asked for its meta-data. Exits with 1 when there is no such agent, or it cannot tell.
    """
    from heartbeat.cli.ra_facts import facts_of_agent, info_page
    from heartbeat.pils.registry import PluginRegistry

    facts = facts_of_agent(PluginRegistry(config=where.config), name)
    click.echo(json.dumps(facts, indent=2) if as_json else "\n".join(info_page(facts)))


_RUN = """Do one thing to one resource, as the cluster would, whatever the cluster is doing.

Exits with 0 when it was done, or when it runs; with 1 for every other answer."""


@ra.command(help=_RUN + _NAMING)
@click.argument("name")
@click.argument("action", type=click.Choice(list(_ACTIONS)))
@_by_hand
@click.option("--trace", is_flag=True, help="Write each step of an agent in shell into a file, and name it.")
@with_places
def run(
    where: Places, *, name: str, action: str, words: tuple[str, ...], limit_s: float | None, trace: bool, as_json: bool
) -> None:
    from heartbeat.cli.ra_hand import Resource, carry_out

    carry_out(Resource.named(where, name, words), _ACTIONS[action], limit_s, trace=trace, as_json=as_json)


_TEST = """Start a resource twice and stop it twice, look at it each time, and judge what the agent says.

It must not run when the test begins. Exits with 1 when the agent does not do what a cluster relies on."""


@ra.command(help=_TEST + _NAMING)
@click.argument("name")
@_by_hand
@with_places
def test(where: Places, *, name: str, words: tuple[str, ...], limit_s: float | None, as_json: bool) -> None:
    from heartbeat.cli.ra_hand import Resource
    from heartbeat.cli.ra_trial import trial

    trial(Resource.named(where, name, words), limit_s, as_json=as_json)
