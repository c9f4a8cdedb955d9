"""A registry made of a dictionary, with small plugins of every kind, and a host that is whatever a test says."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from heartbeat.config.facts import FileFacts, HostFacts
from heartbeat.config.load import Loaded, load
from heartbeat.model.places import Places
from heartbeat.plugin import (
    Authenticator,
    BadConfig,
    Catalogue,
    CatalogueEntry,
    Claim,
    Deliver,
    DirectiveLine,
    FrameContext,
    Health,
    LinkPlan,
    Listener,
    Medium,
    Param,
    ParamKind,
    Params,
    Plugin,
    PluginError,
    Power,
    ResourceAgent,
    Secret,
    StonithDevice,
)

from core.tests.config.catalogues import Fence, Fences, OcfTypes
from core.tests.config.referees import Gateway, Witness

PORT = Param("port", ParamKind.PORT, default=694, setting="udpport")
INTERFACE = Param("interface", ParamKind.INTERFACE, required=True, example="eth0")


class FakeMedium(Medium):
    api = 1

    async def open(self, deliver: Deliver) -> None: ...

    def send(self, frame: bytes) -> None: ...

    async def close(self) -> None: ...

    @property
    def mtu(self) -> int:
        return 1400


class Bcast(FakeMedium):
    params = (INTERFACE, PORT)
    repeats = "interface"


class Mcast(FakeMedium):
    params = (
        INTERFACE,
        Param("group", ParamKind.ADDRESS, required=True),
        PORT,
        Param("ttl", ParamKind.INT, default=1, minimum=0, maximum=255),
        Param("loop", ParamKind.INT, default=0),
    )
    positional = ("interface", "group", "port", "ttl", "loop")


class Ucast(FakeMedium):
    """One socket, many peers: gathers its lines by interface."""

    params = (INTERFACE, Param("peers", ParamKind.HOSTS, required=True), PORT)
    positional = ("interface", "peers")

    @classmethod
    def plan(cls, directive: str, lines: Sequence[DirectiveLine]) -> list[LinkPlan]:
        plans: dict[str, LinkPlan] = {}
        for line in lines:
            first = plans.get(line.words[0])
            peers = [first.params["peers"]] if first else []
            problems = () if len(line.words) == 2 else ("expected an interface and a peer",)
            plans[line.words[0]] = LinkPlan(
                f"{directive}/{line.words[0]}",
                {"interface": line.words[0], "peers": " ".join([*peers, *line.words[1:2]])},
                first.line if first else line.number,
                problems,
            )
        return list(plans.values())


class Serial(FakeMedium):
    params = (
        Param("device", ParamKind.PATH, required=True, example="/dev/ttyS0"),
        Param("baud", ParamKind.INT, default=19200, setting="baud"),
    )
    repeats = "device"


class Ping(FakeMedium):
    params = (
        Param("target", ParamKind.ADDRESS, required=True),
        Param("dead", ParamKind.SECONDS, setting="deadping"),
    )
    repeats = "target"

    def members(self) -> list[str]:
        return []


class Tunnel(FakeMedium):
    params = (INTERFACE, Param("key", ParamKind.SECRET, required=True), Param("mtu", ParamKind.INT))
    positional = ("interface", "key", "mtu")


class Faulty(FakeMedium):
    params = (INTERFACE,)

    @classmethod
    def plan(cls, directive: str, lines: Sequence[DirectiveLine]) -> list[LinkPlan]:
        raise RuntimeError("a vendor's mistake")


class FakeMethod(Authenticator):
    api = 1

    def seal(self, key: Secret, context: FrameContext, payload: bytes) -> bytes:
        return payload

    def open(self, key: Secret, context: FrameContext, sealed: bytes) -> bytes:
        return sealed


class Crc(FakeMethod):
    needs_key = False


class Sha1(FakeMethod):
    strength = 1


class Sha256(FakeMethod):
    strength = 2


class FakeDevice(StonithDevice):
    api = 1
    worst_off_s = 0.5

    def hosts(self) -> list[str]:
        return []

    def power(self, host: str) -> Power:
        return Power.UNKNOWN

    def switch(self, host: str, power: Power) -> None: ...


HOSTLIST = Param("hostlist", ParamKind.HOSTS, required=True, example="node1 node2")


class Null(FakeDevice):
    params = (HOSTLIST,)
    positional = ("hostlist",)
    can_read_power = False
    test_only = "it switches nothing off"


class Lab(FakeDevice):
    params = (Param("socket", ParamKind.PATH, default="/run/lab"),)
    test_only = "it knows lab nodes only"


class Meatware(FakeDevice):
    params = (HOSTLIST,)
    positional = ("hostlist",)
    can_read_power = False
    worst_off_s = 60.0


class Sbd(FakeDevice):
    params = (HOSTLIST,)
    positional = ("hostlist",)
    resets_itself = True


class Rps10(FakeDevice):
    params = (Param("serial_to_targets", required=True, example="/dev/ttyS0 node1 0"),)
    positional = ("serial_to_targets",)
    worst_off_s = 6.0
    worst_off_with = classmethod(lambda cls, params: 30.0 if "/dev/slow" in params.text("serial_to_targets") else 6.0)

    @classmethod
    def configured_hosts(cls, params: Params) -> tuple[str, ...] | None:
        return tuple(params.text("serial_to_targets").split()[1::2])


class Baytech(FakeDevice):
    params = (
        Param("ipaddr", ParamKind.HOST, required=True),
        Param("login", required=True),
        Param("password", ParamKind.SECRET, required=True),
        Param("port", ParamKind.PORT, default=23),
        Param("outlets", ParamKind.HOSTMAP),
    )
    positional = ("ipaddr", "login", "password")
    name_max = 18

    @classmethod
    def configured_hosts(cls, params: Params) -> tuple[str, ...] | None:
        hosts = super().configured_hosts(params)
        if hosts and "deep-thought" in hosts:
            raise BadConfig("outlets: deep-thought stands alone")
        return hosts


class Deaf(FakeDevice):
    @classmethod
    def configured_hosts(cls, params: Params) -> tuple[str, ...] | None:
        raise RuntimeError("a vendor's mistake")


class FakeAgent(ResourceAgent):
    api = 1

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def monitor(self) -> Health:
        return Health.STOPPED


class IPaddr(FakeAgent):
    params = (Param("ip", ParamKind.ADDRESS, required=True), Param("cidr_netmask"), Param("nic", ParamKind.INTERFACE))
    positional = ("ip",)
    start_timeout_s = 20.0

    @classmethod
    def from_words(cls, words: Sequence[str]) -> dict[str, str]:
        if len(words) != 1:
            raise ValueError("expected one address")
        parts = words[0].split("/")
        return dict(zip(("ip", "cidr_netmask", "nic"), parts, strict=False))

    @classmethod
    def shares_data(cls, params: Params) -> bool | None:
        return False

    @classmethod
    def claims(cls, params: Params) -> tuple[Claim, ...]:
        return (Claim("address", params.text("ip")),)


class Filesystem(FakeAgent):
    params = (
        Param("device", required=True),
        Param("directory", ParamKind.PATH, required=True),
        Param("fstype"),
        Param("options"),
    )
    positional = ("device", "directory", "fstype", "options")

    @classmethod
    def shares_data(cls, params: Params) -> bool | None:
        return True

    @classmethod
    def claims(cls, params: Params) -> tuple[Claim, ...]:
        return (Claim("device", params.text("device")), Claim("mount", params.text("directory")))


class Datadisk(FakeAgent):
    params = (Param("resource", required=True),)
    positional = ("resource",)


class Vault(FakeAgent):
    """Takes a secret by its position."""

    params = (Param("host", ParamKind.HOST, required=True), Param("key", ParamKind.SECRET, required=True))
    positional = ("host", "key")

    @classmethod
    def shares_data(cls, params: Params) -> bool | None:
        return False

    @classmethod
    def claims(cls, params: Params) -> tuple[Claim, ...]:
        return (Claim("vault", params.text("host")),)


class Odd(FakeAgent):
    @classmethod
    def shares_data(cls, params: Params) -> bool | None:
        raise RuntimeError("a vendor's mistake")


class Script(FakeAgent):
    """Runs what the catalogue found."""

    params = (Param("script", ParamKind.PATH, required=True), Param("arguments"))


class Ocf(FakeAgent):
    params = (Param("type", required=True),)
    extra_params = True


class Pager(Listener):
    """Has a secret."""

    api = 1
    params = (
        Param("to", ParamKind.HOST, required=True, example="pager.example"),
        Param("pin", ParamKind.SECRET),
        Param("tries", ParamKind.INT, default=3, minimum=1),
    )


class Scripts(Catalogue):
    api = 1
    found: ClassVar = {
        name: CatalogueEntry("ra", name, "haresource", {"script": f"{folder}/{name}"}, f"{folder}/{name}", rank)
        for name, folder, rank in (
            ("apache", "/etc/init.d", 20),
            ("mysql", "/etc/init.d", 20),
            ("billing", "/etc/ha.d/resource.d", 10),
            ("IPaddr", "/etc/ha.d/resource.d", 10),
        )
    }

    def entries(self) -> list[CatalogueEntry]:
        return sorted(self.found.values(), key=lambda entry: entry.name)

    def find(self, name: str) -> CatalogueEntry | None:
        return self.found.get(name)

    def words(self, entry: CatalogueEntry, words: Sequence[str]) -> dict[str, str]:
        return {**entry.params, **({"arguments": " ".join(words)} if words else {})}


class FakeRegistry:
    """Implements heartbeat.plugin.Registry."""

    def __init__(self, missing: Sequence[str] = ()) -> None:
        everything: dict[str, dict[str, type[Plugin]]] = {
            "comm": {
                "bcast": Bcast,
                "udp": Bcast,
                "mcast": Mcast,
                "ucast": Ucast,
                "serial": Serial,
                "ping": Ping,
                "faulty": Faulty,
                "tunnel": Tunnel,
            },
            "auth": {"crc": Crc, "sha1": Sha1, "sha256": Sha256},
            "stonith": {
                "null": Null,
                "lab": Lab,
                "meatware": Meatware,
                "rps10": Rps10,
                "sbd": Sbd,
                "baytech": Baytech,
                "deaf": Deaf,
                "fence": Fence,
            },
            "ra": {
                "IPaddr": IPaddr,
                "IPaddr2": IPaddr,
                "Filesystem": Filesystem,
                "datadisk": Datadisk,
                "odd": Odd,
                "vault": Vault,
                "haresource": Script,
                "ocf": Ocf,
            },
            "hooks": {"pager": Pager, "plain": Listener},
            "quorum": {"witness": Witness, "gateway": Gateway},
        }
        self.found: dict[str, Catalogue] = {"scripts": Scripts(), "ocf": OcfTypes(), "fences": Fences()}
        self.found = {name: one for name, one in self.found.items() if f"catalogue:{name}" not in missing}
        self.plugins = {
            kind: {name: plugin for name, plugin in plugins.items() if f"{kind}:{name}" not in missing}
            for kind, plugins in everything.items()
        }
        self.broken = {
            ("comm", "mute"),
            ("auth", "rot"),
            ("stonith", "rot"),
            ("ra", "rot"),
            ("hooks", "rot"),
            ("quorum", "rot"),
        }
        self.packages = {
            ("comm", "serial"): "heartbeat-comm-serial",
            ("comm", "ping"): "heartbeat-comm-ping",
            ("comm", "satellite"): "acme-satellite",
            ("auth", "chacha20"): "heartbeat-auth-aead",
            ("stonith", "rps10"): "heartbeat-stonith-rps10",
            ("ra", "Filesystem"): "heartbeat-ra-filesystem",
            ("hooks", "chat"): "acme-chat",
            ("catalogue", "ocf"): "heartbeat-ra-ocf",
        }

    def names(self, kind: str) -> list[str]:
        if kind == "catalogue":
            return sorted(self.found)
        return sorted([*self.plugins[kind], *(name for broken, name in self.broken if broken == kind)])

    def load(self, kind: str, name: str) -> type[Plugin]:
        if (kind, name) in self.broken:
            raise PluginError(f"heartbeat-{name} 1.0 cannot be imported: no module named nowhere")
        return self.plugins[kind][name]

    def package_for(self, kind: str, name: str) -> str | None:
        return self.packages.get((kind, name))

    def catalogues(self) -> Sequence[Catalogue]:
        return tuple(self.found.values())

    def find_type(self, kind: str, name: str) -> tuple[Catalogue, CatalogueEntry] | None:
        for catalogue in self.catalogues():
            entry = catalogue.find(name)
            if entry is not None and entry.kind == kind:
                return catalogue, entry
        return None


GOOD = {
    "ha.cf": (
        "keepalive 200ms\ndeadtime 1s\ninitdead 30\nauto_failback off\nbcast eth1\nucast eth0 10.0.0.2\n"
        "node node1 node2\nstonith_host * rps10 /dev/ttyS1 node1 0 node2 1\n"
    ),
    "haresources": "node1 10.0.0.1 apache\n",
    "authkeys": "auth 1\n1 sha256 correcthorse\n",
}

LoadText = Callable[..., Loaded]


def host(**facts: Any) -> HostFacts:
    """Return node1, with eth0 and eth1, users root and hacluster, and files that root alone may read."""
    values: dict[str, Any] = {
        "hostname": "node1",
        "interfaces": frozenset({"lo", "eth0", "eth1"}),
        "file": lambda path: FileFacts(0o600 if path.name == "authkeys" else 0o644, 0),
        "executable": lambda path: path.startswith("/bin/"),
        "uid": {"root": 0, "hacluster": 90}.get,
        "gid": {"root": 0, "haclient": 90}.get,
        **facts,
    }
    return HostFacts(**values)


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def make_registry() -> type[FakeRegistry]:
    return FakeRegistry


@pytest.fixture
def make_host() -> Callable[..., HostFacts]:
    return host


@pytest.fixture
def load_text(tmp_path: Path) -> LoadText:
    """Return a function that loads a good configuration in which some files, or ends of files, are others.

    ``ha_cf``, ``haresources`` and ``authkeys`` replace a file; ``more`` is added to ha.cf; the rest are facts.
    """

    def load_it(
        ha_cf: str | None = None,
        haresources: str | None = None,
        authkeys: str | None = None,
        *,
        more: str = "",
        node: str | None = None,
        need_own_node: bool = True,
        **facts: Any,
    ) -> Loaded:
        given = {"ha.cf": ha_cf, "haresources": haresources, "authkeys": authkeys}
        for name, good in GOOD.items():
            text = given[name]
            text = good if text is None else text
            (tmp_path / name).write_text(text + (more if name == "ha.cf" else ""), encoding="utf-8", newline="")
        return load(
            Places(config=tmp_path), FakeRegistry(), node=node, facts=host(**facts), need_own_node=need_own_node
        )

    return load_it
