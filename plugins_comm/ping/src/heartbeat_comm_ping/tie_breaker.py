"""The tie-breaker ``ping``: a half that reaches none of the ping nodes had better not go on."""

import ipaddress
import time

from heartbeat.plugin import BadConfig, Param, ParamKind, Params, Ruling, Tie, TieBreaker, Verdict

from heartbeat_comm_ping.echo import Pings

TIMEOUT_S = 1.0
"""Five requests: on a network that loses one packet in ten, all get lost once in 100 000 times."""


class Ping(TieBreaker):
    """Ping nodes (a router, a switch) that answer whoever reaches them. It may deny and never grants.

    A half of whose coordinator none of them is heard is cut off from the service's clients, most likely, and leaves
    the right to the other half. Hearing one is no permission: both halves may hear the same router.
    """

    api = 1
    title = "ping nodes: a half that reaches none of them is not let go on"
    docs_url = "https://www.rfc-editor.org/rfc/rfc792"
    grants = False
    params = (
        Param(
            "hosts",
            ParamKind.HOSTS,
            required=True,
            example="10.0.0.254",
            help="IP addresses of the ping nodes; one that answers is enough. Names could not be looked up in a cut.",
        ),
        Param(
            "timeout", ParamKind.SECONDS, default=TIMEOUT_S, minimum=0.1, maximum=2.5, unit="s", example="500ms",
            help="Silence of all of them after which the half is denied.",
        ),
    )  # fmt: skip
    positional = ("hosts",)

    @classmethod
    def check(cls, params: Params) -> None:
        """Raise BadConfig for what is no address of a ping node."""
        for host in params.hosts("hosts"):
            _check(host)

    def ask(self, tie: Tie, deadline_s: float) -> Ruling:
        now_s = time.monotonic()
        if deadline_s <= now_s:
            return Ruling(Verdict.UNREACHABLE, why="the deadline has passed")
        hosts = [str(ipaddress.ip_address(host)) for host in self.settings.hosts("hosts")]
        limit_s = min(self.settings.number("timeout"), deadline_s - now_s)
        try:
            with Pings(hosts) as pings:
                heard = pings.first_answer(now_s + limit_s)
        except OSError as wrong:
            return Ruling(Verdict.UNREACHABLE, why=f"no ping can be sent: {wrong.strerror}; raw sockets need root")
        if heard:
            return Ruling(Verdict.NO_OBJECTION, why=f"{heard} answers")
        told = ", ".join(f"{host} ({pings.lost[host]})" if host in pings.lost else host for host in hosts)
        return Ruling(Verdict.DENY, why=f"within {limit_s:.1f} s nobody answers a ping of {told}")


def _check(host: str) -> None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        why = "a name cannot be looked up when the network is gone"
        raise BadConfig(f"hosts: {host!r} is no IP address; {why}") from None
    if address.is_loopback or address.is_multicast or address.is_unspecified:
        raise BadConfig(f"hosts: {host} is no address of another machine")
