"""The kit on the toy catalogue."""

from pathlib import Path

from heartbeat.testing.catalogue import CatalogueConformance
from toy_catalogue import ToyPrograms


class TestToyPrograms(CatalogueConformance):
    plugin = ToyPrograms
    strangers = ("notes", "folder", ".hidden", "../toy.d/web", "WEB")

    def furnish(self, config: Path) -> list[str]:
        (config / "toy.d").mkdir()
        for name, mode in {"web": 0o755, "Db.2": 0o755, "notes": 0o644, ".hidden": 0o755}.items():
            (config / "toy.d" / name).write_text("#!/bin/sh\n")
            (config / "toy.d" / name).chmod(mode)
        (config / "toy.d" / "folder").mkdir()
        return ["web", "Db.2"]
