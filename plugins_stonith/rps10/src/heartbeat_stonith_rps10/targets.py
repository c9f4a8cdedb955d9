"""Which plug feeds which host: ``/dev/ttyS1 node1 0 node2 1``, as the old plugin's one parameter has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from heartbeat.plugin import BadConfig, match_host

EVERY_PLUG = "*"
"""The address that every box on the line answers; ``A`` says the same."""
_ADDRESSES = {*"0123456789", EVERY_PLUG}
FORM = "expected /dev/ttyS0 HOST PLUG [HOST PLUG]..., PLUG from 0 to 9 or * for all"


@dataclass(frozen=True, slots=True)
class Targets:
    """The port, and each host's plugs; a host that is named twice has two power supplies."""

    port: str
    plugs: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, text: str) -> "Targets":
        """Raises BadConfig, also for a plug of two hosts: switching one off would switch the other off as well."""
        port, *words = text.split() or [""]
        if not port.startswith("/") or not words or len(words) % 2:
            raise BadConfig(f"serial_to_targets: {FORM}")
        plugs: dict[str, list[str]] = {}
        for host, plug in zip(words[::2], words[1::2], strict=True):
            plugs.setdefault(host.lower(), []).append(_address(host, plug))
        _check_owners(plugs)
        return cls(port, plugs)

    def of_host(self, host: str) -> Sequence[str]:
        """Return a host's plugs; raises BadHost."""
        return self.plugs[match_host(host, self.plugs)]


def _address(host: str, plug: str) -> str:
    address = EVERY_PLUG if plug.upper() == "A" else plug
    if address not in _ADDRESSES:
        raise BadConfig(f"serial_to_targets: {host} has plug {plug!r}; {FORM}")
    return address


def _check_owners(plugs: Mapping[str, Sequence[str]]) -> None:
    owners: dict[str, str] = {}
    for host, plug in ((host, plug) for host, own in plugs.items() for plug in own):
        if owners.setdefault(plug, host) != host or (EVERY_PLUG in owners and len(plugs) > 1):
            both = f"{owners.get(EVERY_PLUG, owners[plug])} and {host if owners[plug] != host else 'others'}"
            raise BadConfig(f"serial_to_targets: plug {plug} would switch off {both} together")
