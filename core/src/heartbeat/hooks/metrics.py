"""Shows the cluster to Prometheus, on a local port; also without quorum, and while the daemon is gone."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from heartbeat.plugin import Listener, Param, ParamKind, Params, PluginError

if TYPE_CHECKING:
    from prometheus_client import Counter
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
    from prometheus_client.registry import Collector

    Family = CounterMetricFamily | GaugeMetricFamily

NODE_STATES = ("member", "joining", "leaving", "one-way", "silent", "fencing", "off", "left", "stranger", "unknown")
GROUP_STATES = ("running", "starting", "stopping", "stopped", "blocked", "waiting", "unknown", "contested")


class Metrics(Listener):
    """Answers `GET /metrics` with what this node knows and with what happened since the hook was started.

    `heartbeat_up` is 0 while the daemon cannot be reached; the port answers all the same, and the gauges that would
    be guesses are then left out. Counters count from the start of the hook.
    """

    api = 1
    title = "metrics for Prometheus"
    docs_url = "https://prometheus.io/docs/"
    params = (
        Param(
            "address",
            ParamKind.ADDRESS,
            default="127.0.0.1",
            example="127.0.0.1",
            help="Where to listen. Anybody who reaches it may read.",
        ),
        Param("port", ParamKind.PORT, default=9694, example="9694", help="TCP port to listen on."),
    )

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self._cluster = _Cluster()
        self._server: Any = None
        self._counters: dict[str, Counter] = {}

    # Facts

    def status_changed(self, status: Mapping[str, Any]) -> None:
        self._cluster.status = status
        self._cluster.seen_s = time.monotonic()
        self._serve()

    def view_installed(self, epoch: int, members: Sequence[str], left: Sequence[str], joined: Sequence[str]) -> None:
        self._count("views")

    def node_fenced(self, node: str, device: str, proof: str) -> None:
        self._count("fences", node)

    def group_moved(self, group: str, source: str, target: str, away_s: float) -> None:
        if source:
            self._count("moves", group)
            self._count("away_seconds", group, by=away_s)

    def link_changed(self, node: str, link: str, state: str) -> None:
        if state == "down":
            self._count("link_losses", node, link)

    def decision_taken(self, number: int, kind: str, subject: str, text: str, level: str) -> None:
        self._count("decisions", kind)
        if level == "alarm":
            self._count("alarm_decisions")

    def plugin_failed(self, kind: str, name: str, problem: str) -> None:
        self._count("plugin_failures", kind, name)

    def close(self) -> None:
        if self._server is not None:
            server, thread = self._server
            server.shutdown()
            server.server_close()
            thread.join()
            self._server = None

    # What is served

    def _count(self, name: str, *labels: str, by: float = 1) -> None:
        self._serve()
        counter = self._counters[name]
        (counter.labels(*labels) if labels else counter).inc(by)

    def _serve(self) -> None:
        """Listen, when we do not yet: at the first status, which comes at once; a port in use is tried again."""
        if self._server is not None:
            return
        import prometheus_client

        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        registry = prometheus_client.CollectorRegistry()
        if not self._counters:
            self._counters = _counters()
        for counter in self._counters.values():
            registry.register(counter)
        registry.register(_collector(self._cluster))
        address, port = self.settings.text("address"), int(self.settings.number("port"))
        try:
            self._server = prometheus_client.start_http_server(port, address, registry)
        except OSError as wrong:
            raise PluginError(f"cannot listen on {address} port {port}: {wrong.strerror}") from None


def _counters() -> "dict[str, Counter]":
    from prometheus_client import Counter

    kinds = (
        ("views", "Views installed.", ()),
        ("fences", "Times a node was proved off.", ("node",)),
        ("moves", "Moves of a resource group from one node to another.", ("group",)),
        ("away_seconds", "Seconds for which a resource group was away while it moved.", ("group",)),
        ("link_losses", "Times a link towards a node went down.", ("node", "link")),
        ("decisions", "Decisions in the journal.", ("kind",)),
        ("alarm_decisions", "Decisions that were alarms.", ()),
        ("plugin_failures", "Failures of devices, agents and other hooks.", ("kind", "name")),
    )
    return {name: Counter(f"heartbeat_{name}", text, labels, registry=None) for name, text, labels in kinds}


class _Cluster:
    """The last status, and when it came."""

    def __init__(self) -> None:
        self.status: Mapping[str, Any] = {}
        self.seen_s = time.monotonic()


def _collector(cluster: _Cluster) -> "Collector":
    from prometheus_client.registry import Collector

    class ClusterCollector(Collector):
        def collect(self) -> "Iterator[Family]":
            return _families(cluster.status, time.monotonic() - cluster.seen_s)

        def describe(self) -> "Sequence[Family]":
            return ()

    return ClusterCollector()


def _families(status: Mapping[str, Any], age_s: float) -> "Iterator[Family]":
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    def gauge(name: str, text: str, labels: Sequence[str] = ()) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"heartbeat_{name}", text, labels=labels)

    yield _with(gauge("up", "Can the daemon be reached?"), [((), bool(status))])
    yield _with(gauge("status_age_seconds", "Time since the hook was last told anything."), [((), age_s)])
    if not status:
        return
    nodes, groups = status["nodes"], status["groups"]
    links = [((node["name"], link["name"]), link) for node in nodes for link in node["links"]]
    yield _with(gauge("quorum", "May the view act?"), [((), status["standing"] == "primary")])
    epoch = int(status["view"].partition(".")[0]) if status["view"] else 0
    yield _with(gauge("view_epoch", "Number of the view; 0 before the first."), [((), epoch)])
    yield _with(gauge("alarms", "Alarms that stand now."), [((), len(status["alarms"]))])
    yield _with(
        gauge("node_state", "1 for the state that a node is in, as this node sees it.", ("node", "state")),
        [((it["name"], state), it["state"] == state) for it in nodes for state in NODE_STATES],
    )
    yield _with(
        gauge("group_state", "1 for the state that a resource group is in.", ("group", "state")),
        [((it["name"], state), it["state"] == state) for it in groups for state in GROUP_STATES],
    )
    yield _with(
        gauge("group_running", "1 for the node on which a resource group runs.", ("group", "node")),
        [((it["name"], it["node"]), 1) for it in groups if it["state"] == "running"],
    )
    yield _with(
        gauge("link_up", "Is the node heard over the link?", ("node", "link")),
        [(names, link["state"] in ("up", "late")) for names, link in links],
    )
    devices = [((it["name"], it["node"]), it) for it in status.get("devices", ())]
    yield _with(
        gauge("device_good", "Did the last check of the STONITH device find no error?", ("device", "node")),
        [(names, it["state"] != "bad") for names, it in devices],
    )
    yield _with(
        gauge("device_check_age_seconds", "Time since the STONITH device was checked.", ("device", "node")),
        [(names, it["checked_s"] + age_s) for names, it in devices],
    )
    yield _with(
        gauge("rehearsal_good", "Was the node's last rehearsal proved?", ("node",)),
        [((it["node"],), it["good"]) for it in status.get("rehearsals", ())],
    )
    for key, text in (("frames", "Frames received over the link."), ("lost", "Frames lost on the link.")):
        family = CounterMetricFamily(f"heartbeat_link_{key}", text, labels=("node", "link"))
        yield _with(family, [(names, link[key]) for names, link in links])


def _with(family: "Family", values: Sequence[tuple[Sequence[str], float]]) -> "Family":
    for labels, value in values:
        family.add_metric(labels, float(value))
    return family
