"""HB_PLUGINS and HB_PLUGINS_STRICT: what a developer or a cautious administrator lets load."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from heartbeat.pils.announcement import Announcement
from heartbeat.plugin.errors import PluginError


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of the announced plugins may be loaded."""

    only: frozenset[str] = frozenset()
    """Names, ``kind:name`` or distributions; empty: everything may."""
    strict: bool = False
    """Turn every record of something broken into an error at once."""

    def allows(self, announced: Announcement) -> bool:
        known_as = {announced.name, f"{announced.kind}:{announced.name}", announced.distribution, announced.full_name}
        return not self.only or bool(self.only & known_as)


class LeftOut(PluginError):
    """The plugin is installed and HB_PLUGINS does not name it."""


def selection_of(environ: Mapping[str, str] = os.environ) -> Selection:
    """Return the selection of an environment: ``HB_PLUGINS=ipmilan,comm:udp``, ``HB_PLUGINS_STRICT=1``."""
    words = environ.get("HB_PLUGINS", "").replace(",", " ").split()
    return Selection(frozenset(words), environ.get("HB_PLUGINS_STRICT", "") not in ("", "0"))
