"""The kit against the driver, with an agent of our own, and against the catalogue."""

import shutil
from pathlib import Path

import pytest
from heartbeat.testing.catalogue import CatalogueConformance
from heartbeat.testing.stonith import StonithConformance
from heartbeat_stonith_fence_agents import FenceAgent
from heartbeat_stonith_fence_agents.catalogue import FenceAgents
from heartbeat_stonith_fence_agents.simulator import PaperAgent

README = Path(__file__).parents[1] / "README.md"


class TestFenceAgent(StonithConformance):
    plugin = FenceAgent
    simulator = PaperAgent
    readme = README


class TestFenceAgents(CatalogueConformance):
    plugin = FenceAgents
    strangers = ("fence_notes", "fence_folder", "fence_open", "rhcs/notes", "fence_legacy", "other", "../fence_paper")

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HB_FENCE_AGENTS", f"{tmp_path / 'sbin'}")

    def furnish(self, config: Path) -> list[str]:
        sbin = config / "sbin"
        sbin.mkdir()
        paper = PaperAgent()
        for name, mode in {
            "fence_paper": 0o755,
            "fence_notes": 0o644,
            "fence_legacy": 0o755,
            "fence_open": 0o777,
        }.items():
            (sbin / name).write_text(paper.path.read_text().replace(str(paper.folder), str(sbin)))
            (sbin / name).chmod(mode)
        shutil.copy(paper.folder / "metadata.xml", sbin)
        (sbin / "other").write_text("")
        (sbin / "fence_folder").mkdir()
        paper.close()
        return ["fence_paper"]

    def test_a_node_without_the_directory_has_none_of_them(self, tmp_path: Path, words: list[str]) -> None:
        shutil.rmtree(tmp_path / "sbin")
        super().test_a_node_without_the_directory_has_none_of_them(tmp_path, words)
