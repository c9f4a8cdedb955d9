"""What runs beside the daemon and how the daemon itself runs: clients, rules of the local API, logging, process."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from heartbeat.config import codes
from heartbeat.config.cluster_config import ApiRule, ClientConfig, EnvSetting, LogConfig, ProcessConfig
from heartbeat.config.finding import Findings
from heartbeat.config.hacf import HaCf
from heartbeat.config.reading import Reading
from heartbeat.config.source import Word

DEFAULT_GROUP = "haclient"
"""As in heartbeat 3.0.6."""


def read_clients(hacf: HaCf, reading: Reading) -> tuple[ClientConfig, ...]:
    """Return the programs to keep running."""
    facts, found = reading.facts, reading.found
    clients: list[ClientConfig] = []
    uses = sorted([*hacf.all("respawn"), *hacf.all("failfast")], key=lambda use: use.line)
    for use in uses:
        user, program = use.words[0], use.words[1]
        if PurePosixPath(program.text).name == "ipfail":
            message = (
                "ipfail is not started: ours comes with a later package, and the old one cannot talk to this daemon"
            )
            found.add(codes.IPFAIL, use.directive.place, message, mend="the line may stay")
            continue
        if reading.own and facts.uid(user.text) is None:
            message = f"there is no user {user.text} on this host: the client is not started"
            found.add(codes.CLIENT_USER, user.place, message, mend="create the user, or name another")
            continue
        if reading.own and not facts.executable(program.text):
            message = f"{program.text} is missing or not executable; the client stays down"
            expected, mend = "an absolute path of a program", "install the program, or correct its path"
            found.add(codes.NO_SUCH_PROGRAM, program.place, message, expected=expected, mend=mend)
        clients.append(ClientConfig(user.text, use.texts[1:], failfast=use.directive.text == "failfast"))
    return tuple(clients)


def read_api_rules(hacf: HaCf, reading: Reading) -> tuple[ApiRule, ...]:
    """Return ``apiauth NAME uid=a,b gid=c``."""
    found = reading.found
    rules: list[ApiRule] = []
    for use in hacf.all("apiauth"):
        lists: dict[str, tuple[str, ...]] = {}
        for word in use.words[1:]:
            key, equals, value = word.text.partition("=")
            names = tuple(name for name in value.split(",") if name)
            if key not in ("uid", "gid") or not equals or not names or key in lists:
                message = f"{word.text!r} is not valid for apiauth"
                expected = "uid=USER,USER or gid=GROUP,GROUP, once each"
                mend = f"write uid={word.text}" if not equals else "correct the word"
                found.add(codes.BAD_VALUE, word.place, message, expected=expected, mend=mend)
                continue
            lists[key] = names
            _judge_names(word, key, names, reading)
        if len(use.words) == 1:
            message = f"apiauth {use.texts[0]} names nobody"
            expected = "apiauth NAME uid=A,B gid=C,D"
            found.add(codes.WORD_COUNT, use.directive.place, message, expected=expected, mend="name users or groups")
        rules.append(ApiRule(use.texts[0], lists.get("uid", ()), lists.get("gid", ())))
    return tuple(rules)


def _judge_names(word: Word, key: str, names: Sequence[str], reading: Reading) -> None:
    """Warn of users and groups that this host does not know: whoever is meant stays locked out."""
    what, look = ("user", reading.facts.uid) if key == "uid" else ("group", reading.facts.gid)
    for name in names:
        if reading.own and not name.isdigit() and look(name) is None:
            message = f"there is no {what} {name} on this host: the rule lets nobody in by it"
            reading.found.add(codes.NOBODY_ALLOWED, word.place, message, mend=f"create the {what}, or correct the name")


def read_process(hacf: HaCf, reading: Reading) -> ProcessConfig:
    """Return how the daemon runs; a user or group that is asked for must exist."""
    facts, found = reading.facts, reading.found
    for name, look in (("run_as", facts.uid), ("admin_group", facts.gid)):
        use = hacf.one(name)
        if reading.own and use is not None and look(use.texts[0]) is None:
            message = f"{name}: {use.texts[0]} does not exist on this host"
            found.add(codes.NO_SUCH_USER, use.words[0].place, message, mend="create it, or correct the name")
    return ProcessConfig(
        realtime=hacf.flag("realtime", default=True),
        rtprio=hacf.integer("rtprio", 1),
        user=hacf.text("run_as"),
        group=hacf.text("admin_group") or (DEFAULT_GROUP if facts.gid(DEFAULT_GROUP) is not None else ""),
    )


def read_log(hacf: HaCf) -> LogConfig:
    return LogConfig(
        logfile=hacf.text("logfile"),
        debugfile=hacf.text("debugfile"),
        logfacility=hacf.text("logfacility"),
        debug=hacf.integer("debug", 0),
    )


def read_env(hacf: HaCf, found: Findings) -> tuple[EnvSetting, ...]:
    """Return the clients' environment. The values, which may be secrets, are not quoted."""
    settings: dict[str, EnvSetting] = {}
    for use in hacf.all("env"):
        assert isinstance(use.value, tuple)
        setting = EnvSetting(*use.value)
        if settings.setdefault(setting.name, setting).value != setting.value:
            message = f"env {setting.name} has another value in an earlier line"
            found.add(
                codes.TWO_VALUES, use.words[0].place, message, expected="one value", mend="delete one of the lines"
            )
    return tuple(settings.values())
