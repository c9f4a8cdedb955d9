"""The kit against the driver, with a script of our own, and against the catalogue."""

import contextlib
import shutil
from pathlib import Path

import pytest
from heartbeat.testing.catalogue import CatalogueConformance
from heartbeat.testing.stonith import StonithConformance
from heartbeat_stonith_external import External
from heartbeat_stonith_external.catalogue import ExternalScripts
from heartbeat_stonith_external.simulator import PaperScript

README = Path(__file__).parents[1] / "README.md"


class TestExternal(StonithConformance):
    plugin = External
    simulator = PaperScript
    readme = README


class TestExternalScripts(CatalogueConformance):
    plugin = ExternalScripts
    strangers = ("external/notes", "external/folder", "external/open", "external/.hidden", "paper", "external/../paper")

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HB_EXTERNAL_STONITH", f"{tmp_path / 'plugins'}")

    def furnish(self, config: Path) -> list[str]:
        folder = config / "plugins"
        folder.mkdir()
        with contextlib.closing(PaperScript()) as paper:
            for name, mode in {"paper": 0o755, "notes": 0o644, ".hidden": 0o755, "open": 0o775}.items():
                shutil.copy(paper.path, folder / name)
                (folder / name).chmod(mode)
        (folder / "folder").mkdir()
        return ["external/paper"]

    def test_a_node_without_the_directory_has_none_of_them(self, tmp_path: Path, words: list[str]) -> None:
        shutil.rmtree(tmp_path / "plugins")
        super().test_a_node_without_the_directory_has_none_of_them(tmp_path, words)
