"""A check of the STONITH devices from this node alone: by the files as they are, in children as the executor's."""

from collections.abc import Iterator

from heartbeat.config import codes as config_codes
from heartbeat.config.cluster_config import DeviceConfig
from heartbeat.config.load import Loaded, load
from heartbeat.executor.byhand import run_by_hand
from heartbeat.kernel.inspections import DEVICE_S, inspection_of
from heartbeat.kernel.trust import judge
from heartbeat.model import fence_codes as codes
from heartbeat.model.inspection import FenceFinding, Inspection, Seen, Setting
from heartbeat.model.operation import Action
from heartbeat.model.places import Places
from heartbeat.pils.registry import PluginRegistry
from heartbeat.wire.executor import Run

_ABOUT_LINES = tuple(
    code.code
    for code in (
        config_codes.DEVICE_NOT_INSTALLED,
        config_codes.DEVICE_PARAMETER,
        config_codes.DEVICE_FILE,
        config_codes.BROKEN_PLUGIN,
        config_codes.UNKNOWN_HOST,
        config_codes.UNKNOWN_DRIVER,
        config_codes.NAME_TOO_LONG,
    )
)
"""What ``hb check`` finds of a device's line; the device is then not asked, or not about that node."""


def checked_alone(where: Places) -> tuple[tuple[Seen, ...], tuple[FenceFinding, ...]]:
    """Look at every device that this node may use; return what was seen and found."""
    registry = PluginRegistry(config=where.config)
    loaded = load(where, registry, need_own_node=False, hooks=False)
    me, nodes = loaded.survey.node, loaded.survey.nodes
    seen = tuple(Seen(me, device.name, _look(device, nodes, registry)) for device in _usable(loaded))
    setting = Setting(nodes, (me,) if me in nodes else (), loaded.survey.timers.deadtime_s)
    return seen, (*line_findings(loaded), *judge(seen, setting))


def _usable(loaded: Loaded) -> Iterator[DeviceConfig]:
    for line in loaded.survey.devices:
        if any(line.usable_by(node) for node in loaded.survey.nodes if node == loaded.survey.node):
            yield line.config


def _look(device: DeviceConfig, nodes: tuple[str, ...], registry: PluginRegistry) -> Inspection:
    request = Run(1, "stonith", device.type, device.name, device.params, Action.CHECK, DEVICE_S, host=" ".join(nodes))
    return inspection_of(run_by_hand(request, registry))


def line_findings(loaded: Loaded) -> Iterator[FenceFinding]:
    """Yield what keeps a device's line from meaning anything, as findings about fencing."""
    code, me = codes.PARAMETERS, loaded.survey.node
    for it in loaded.findings:
        if it.code in _ABOUT_LINES and it.file == "ha.cf":
            mend = it.mend or it.expected
            yield FenceFinding(code.code, code.severity, "", "", (me,), f"{it.place}: {it.code}: {it.message}", mend)
