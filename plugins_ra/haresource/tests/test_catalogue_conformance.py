"""The kit's tests of a catalogue, with scripts in a directory of the test's own."""

from pathlib import Path

from heartbeat.testing.catalogue import CatalogueConformance
from heartbeat_ra_haresource.catalogue import Scripts


class TestScripts(CatalogueConformance):
    plugin = Scripts
    strangers = ("notes", "folder", "../resource.d/billing", "BILLING")

    def furnish(self, config: Path) -> list[str]:
        (config / "resource.d").mkdir()
        for name, mode in {"billing": 0o755, "Web.2": 0o755, "notes": 0o644, ".hidden": 0o755}.items():
            (config / "resource.d" / name).write_text("#!/bin/sh\n")
            (config / "resource.d" / name).chmod(mode)
        (config / "resource.d" / "folder").mkdir()
        return ["billing", "Web.2"]
