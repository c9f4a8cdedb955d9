"""Every directive of ha.cf: its form, its default and what becomes of it. Data, read by ``hacf`` and the documents.

The list is that of heartbeat 3.0.6, complete, with our own at the end. Media are not here: each is the name
of an installed plugin, or of one that is known.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass

from heartbeat.config import values
from heartbeat.config.values import Parser, Value


class Standing(enum.Enum):
    """What becomes of a directive."""

    HONOURED = "honoured"
    NOTED = "accepted with a note"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive that is not a medium."""

    name: str
    form: str
    """The words after it, for people: ``TIME``."""
    parse: Parser
    default: str
    text: str
    """What it does; of a noted or refused one, why it does nothing here, as a sentence after a colon."""
    standing: Standing = Standing.HONOURED
    least: int = 1
    most: int | None = 1
    """Number of words; None: any."""
    many: bool = False
    """May stand on several lines, which all count."""
    same_as: str = ""
    """Another name for this directive."""
    secret_from: int | None = None
    """Number of the first word that may be secret, from 0; shown as ``***``."""
    quiet: Callable[[Value], bool] = lambda _: False
    """True for values which ask for what we do anyway, so that there is nothing to note or refuse."""


def _says(good: str) -> Callable[[Value], bool]:
    return lambda value: value == good


def _says_no(value: Value) -> bool:
    return value is False


def _time(name: str, default: str, text: str, *, same_as: str = "") -> Directive:
    return Directive(name, "TIME", values.duration, default, text, most=2, same_as=same_as)


def _noted(
    name: str,
    form: str,
    parse: Parser,
    default: str,
    text: str,
    *,
    quiet: Callable[[Value], bool] = lambda _: False,
    most: int | None = 1,
) -> Directive:
    return Directive(name, form, parse, default, text, Standing.NOTED, most=most, quiet=quiet, many=True)


def _refused(
    name: str,
    form: str,
    parse: Parser,
    default: str,
    text: str,
    *,
    quiet: Callable[[Value], bool] = lambda _: False,
    most: int | None = None,
) -> Directive:
    return Directive(name, form, parse, default, text, Standing.REFUSED, most=most, quiet=quiet, many=True)


_PACEMAKER_ONLY = "it is for Pacemaker, which does not run under this heartbeat"

_FACILITIES = """none kern user mail daemon auth syslog lpr news uucp cron authpriv ftp
    local0 local1 local2 local3 local4 local5 local6 local7"""

_MAIN = (
    Directive(
        "node", "NAME...", values.words, "-", "the nodes of the cluster; names in any case", most=None, many=True
    ),
    _time("keepalive", "1s", "time between two beats"),
    _time("warntime", "deadtime/2", "silence after which a beat is reported as late"),
    _time("deadtime", "30s", "silence after which a node counts as dead"),
    _time("initdead", "from deadtime", "how long a starting node waits for nodes it never heard"),
    _time("initdeadtime", "from deadtime", "the name of initdead in heartbeat 1.x", same_as="initdead"),
    _time("deadping", "deadtime", "silence after which a ping node counts as dead; given to media that ask for it"),
    Directive(
        "auto_failback",
        "on|off|legacy",
        values.either(values.choice("legacy"), values.boolean),
        "legacy",
        "whether a group goes home when its node is back",
    ),
    _noted(
        "nice_failback",
        "on|off",
        values.boolean,
        "-",
        "auto_failback: nice_failback on means auto_failback off, nice_failback off means auto_failback legacy",
        quiet=lambda _: True,
    ),
    Directive("udpport", "PORT", values.number(1, 65535), "694", "the port of every medium that uses UDP"),
    Directive(
        "baud",
        "RATE",
        values.choice("9600", "19200", "38400", "57600", "115200", "230400", "460800"),
        "19200",
        "the speed of every serial line",
    ),
    Directive("cluster", "NAME", values.text, "linux-ha", "the cluster's name, alike on all nodes"),
    Directive(
        "stonith",
        "TYPE FILE or TYPE PARAMETERS...",
        values.words,
        "-",
        "a STONITH device that this node may use",
        most=None,
        many=True,
        secret_from=1,
    ),
    Directive(
        "stonith_host",
        "HOST|* TYPE PARAMETERS...",
        values.words,
        "-",
        "a STONITH device that one node, or every node, may use",
        least=2,
        most=None,
        many=True,
        secret_from=2,
    ),
    Directive(
        "respawn",
        "USER COMMAND...",
        values.words,
        "-",
        "a program kept running as this user",
        least=2,
        most=None,
        many=True,
    ),
    Directive(
        "failfast",
        "USER COMMAND...",
        values.words,
        "-",
        "as respawn; its abnormal end makes the node leave",
        least=2,
        most=None,
        many=True,
    ),
    Directive(
        "apiauth",
        "NAME [uid=A,B] [gid=C,D]",
        values.words,
        "-",
        "who may use the local API under this client's name",
        most=None,
        many=True,
    ),
    Directive(
        "env",
        "NAME=VALUE",
        values.assignment,
        "-",
        "given to respawn clients as HA_NAME",
        most=None,
        many=True,
        secret_from=0,
    ),
    Directive("logfile", "PATH", values.path, "-", "file for the daemon's messages"),
    Directive("debugfile", "PATH", values.path, "-", "file for the daemon's debug messages"),
    Directive(
        "logfacility",
        "FACILITY|none",
        values.choice(*_FACILITIES.split()),
        "none",
        "syslog facility for the daemon's messages",
    ),
    Directive("debug", "0..255", values.number(0, 255), "0", "how much the daemon says about itself"),
    Directive(
        "watchdog",
        "DEVICE [TIME]",
        values.words,
        "-",
        "the device that resets this machine when its daemon hangs, or holds something without a quorum",
        most=2,
    ),
    Directive("realtime", "yes|no", values.boolean, "yes", "real-time scheduling of the daemon"),
    Directive("rtprio", "1..99", values.number(1, 99), "1", "real-time priority of the daemon"),
)

_OURS = (
    Directive(
        "acknowledge",
        "no-stonith|test-stonith...",
        values.every(("no-stonith", "test-stonith")),
        "-",
        "shared data may stand behind no device, or a test device; takeover from a silent node then waits for a person",
        most=None,
        many=True,
    ),
    Directive(
        "stonith_and",
        "HOST|* TYPE PARAMETERS...",
        values.words,
        "-",
        "a STONITH device that feeds the nodes of the line above, too: they are off when both read off",
        least=2,
        most=None,
        many=True,
        secret_from=2,
    ),
    Directive(
        "stonith_action",
        "reset|off",
        values.choice("reset", "off"),
        "reset",
        "whether a fenced node is switched on again once it was read back as off",
    ),
    Directive(
        "stonith_check",
        "TIME|off",
        values.either(values.choice("off"), values.interval),
        "1h",
        "how often all STONITH devices are looked at; off: only by hb stonith check",
        most=2,
    ),
    Directive(
        "votes",
        "NODE NUMBER",
        values.words,
        "1",
        "how much a node counts where a majority decides: from three nodes on",
        least=2,
        most=2,
        many=True,
    ),
    Directive(
        "auto_tie_breaker",
        "lowest|highest|NODE",
        values.text,
        "-",
        "which node's half goes on when a cluster falls into two equal halves",
    ),
    Directive(
        "quorum_server",
        "HOST [PARAMETER=VALUE...]",
        values.words,
        "-",
        "the witness (hb witness) that lets one of two equal halves go on",
        most=None,
        secret_from=1,
    ),
    Directive(
        "tie_breaker",
        "TYPE [PARAMETER=VALUE...]",
        values.words,
        "-",
        "a plugin that halves ask whether they may go on",
        most=None,
        many=True,
        secret_from=1,
    ),
    Directive(
        "last_man_standing",
        "TIME",
        values.duration,
        "-",
        "how long a view with quorum stands still before only its members vote, so that nodes may die one by one",
        most=2,
    ),
    Directive("fence_delay", "TIME", values.delay, "0", "holds a fence back; a beat cancels it", most=2),
    Directive(
        "shares_data",
        "RESOURCE yes|no",
        values.words,
        "-",
        "whether two nodes running this resource at once could corrupt data, when its agent does not know",
        least=2,
        most=2,
        many=True,
    ),
    Directive(
        "timeout",
        "RESOURCE start|stop|monitor TIME",
        values.words,
        "the agent's own",
        "how long one operation on this resource may take",
        least=3,
        most=4,
        many=True,
    ),
    Directive(
        "hook",
        "NAME [PARAMETER=VALUE...]",
        values.words,
        "-",
        "a listener that hb hooks tells what happened",
        most=None,
        many=True,
        secret_from=1,
    ),
    Directive("run_as", "USER", values.text, "who started it", "the user that the daemon becomes after its start"),
    Directive("admin_group", "GROUP", values.text, "haclient", "the group whose members may change things"),
)

_NOTED_ONES = (
    _noted("use_logd", "yes|no", values.boolean, "-", "the daemon's own logging, which never waits, does its work"),
    _noted("conn_logd_time", "TIME", values.duration, "60", "there is no logd to connect to", most=2),
    _noted("syslogmsgfmt", "yes|no", values.boolean, "yes", "syslog messages always have the standard form"),
    _noted("log_badpack", "yes|no", values.boolean, "yes", "frames that are refused are always counted, for hb links"),
    _noted("hopfudge", "0..255", values.number(0, 255), "1", "frames are not passed on in rings"),
    _noted(
        "hbgenmethod",
        "file|time",
        values.choice("file", "time"),
        "file",
        "the incarnation, stored at each start, does its work",
    ),
    _noted("uuidfrom", "file|nodename", values.choice("file", "nodename"), "file", "a node's name is its identity"),
    _noted(
        "msgfmt", "classic|netstring", values.choice("classic", "netstring"), "classic", "frames have one form, our own"
    ),
    _noted("compression", "NAME", values.text, "zlib", "beats are too small to gain by it"),
    _noted("compression_threshold", "KIB", values.number(0, 1024), "2", "beats are too small to gain by it"),
    _noted("traditional_compression", "yes|no", values.boolean, "no", "beats are too small to gain by it"),
    _noted(
        "max_rexmit_delay",
        "MS",
        values.number(0, 3600000),
        "250",
        "the channel repairs itself at a pace tied to keepalive",
    ),
    _noted("memreserve", "KB", values.number(0, 1 << 30), "6500", "the memory in use is locked instead"),
    _noted("coredumps", "yes|no", values.boolean, "yes", "LimitCORE= of the systemd unit decides"),
    _noted("coreroot", "DIR", values.path, "-", "kernel.core_pattern or systemd-coredump decides"),
    _noted("normalpoll", "yes|no", values.boolean, "yes", "the event loop knows one way to wait"),
    _noted("crm_daemon_dir", "DIR", values.text, "-", _PACEMAKER_ONLY),
    _noted("crmd_spawns_pengine", "yes|no", values.boolean, "-", _PACEMAKER_ONLY),
    _noted("record_config_changes", "yes|no", values.boolean, "on", _PACEMAKER_ONLY),
    _noted("record_pengine_inputs", "yes|no", values.boolean, "on", _PACEMAKER_ONLY),
    _noted("enable_config_writes", "yes|no", values.boolean, "on", _PACEMAKER_ONLY),
)

_CRM = values.either(
    values.choice("respawn", "minimal", "manual", "valgrind", "ccm-only"),
    values.boolean,
)
_NO_PACEMAKER = "Pacemaker does not run under this heartbeat: its groups are those of haresources"

_REFUSED_ONES = (
    _refused(
        "autojoin",
        "none|other|any",
        values.choice("none", "other", "any"),
        "none",
        "nodes that join by themselves cannot be in the node list that all must agree on; "
        "heartbeat 3 refused it with haresources, too",
        quiet=_says("none"),
        most=1,
    ),
    _refused("crm", "off|on|...", _CRM, "off", _NO_PACEMAKER, quiet=_says_no, most=1),
    _refused("pacemaker", "off|on|...", _CRM, "off", _NO_PACEMAKER, quiet=_says_no, most=1),
    _refused(
        "use_apphbd",
        "yes|no",
        values.boolean,
        "no",
        "apphbd is not built yet, and what would watch the daemon must not be missing silently",
        quiet=_says_no,
        most=1,
    ),
)

DIRECTIVES: dict[str, Directive] = {
    directive.name: directive for directive in (*_MAIN, *_OURS, *_NOTED_ONES, *_REFUSED_ONES)
}
"""By name."""

KNOWN_MEDIA = (
    "bcast",
    "ucast",
    "ucast6",
    "mcast",
    "mcast6",
    "udp",
    "serial",
    "ping",
    "ping6",
    "ping_group",
    "hbaping",
    "rds",
    "tipc",
)
"""Media of heartbeat 3.0.6 (``udp``: the old name of bcast), for the nearest right word and for what is missing."""
