"""Which OCF agents are found, and how words of haresources become their parameters."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from heartbeat.plugin import parse_params
from heartbeat_ra_ocf import OcfAgent
from heartbeat_ra_ocf.catalogue import OcfScripts
from heartbeat_ra_ocf.wrappers import ORDER

if TYPE_CHECKING:
    from plugins_ra.ocf.tests.conftest import Service


@pytest.fixture
def ours(service: "Service", monkeypatch: pytest.MonkeyPatch) -> OcfScripts:
    """The catalogue of the folder in which only our own agent lies, and some things that are none."""
    monkeypatch.setenv("OCF_ROOT", str(service.root))
    (service.path.parent / ".library").write_text("")
    (service.path.parent / ".library").chmod(0o755)
    (service.path.parent / "README").write_text("")
    (service.path.parent / "link").symlink_to("service")
    (service.root / "resource.d" / ".hidden").mkdir()
    (service.root / "resource.d" / "file").write_text("")
    return OcfScripts()


def test_agents_are_listed_by_their_full_names_and_not_run(ours: OcfScripts, service: "Service") -> None:
    assert [(entry.name, entry.origin) for entry in ours.entries()] == [
        ("ocf:hbtest:link", str(service.path.parent / "link")),
        ("ocf:hbtest:service", str(service.path)),
    ]
    assert service.calls() == []


def test_an_agent_is_found_with_what_its_driver_needs(ours: OcfScripts, service: "Service") -> None:
    entry = ours.find("ocf:hbtest:service")
    assert entry is not None
    assert (entry.driver, entry.rank) == ("ocf", 30)
    assert entry.params == {"ocf_type": "ocf:hbtest:service", "ocf_root": str(service.root)}


@pytest.mark.parametrize(
    "word",
    ["", "ocf:", "ocf:hbtest", "service", "hbtest:service", "ocf:hbtest:.library", "ocf:..:x", "ocf:a:b:c", "Raid1"],
)
def test_other_words_are_not_found(ours: OcfScripts, word: str) -> None:
    assert ours.find(word) is None


def test_words_are_name_and_value(ours: OcfScripts) -> None:
    entry = ours.find("ocf:hbtest:service")
    assert entry is not None
    raw = ours.words(entry, ["folder=/a=b", "CRM_meta_x=1", "trace_ra=1"])
    params, problems = parse_params(OcfAgent.params, raw, extra=True)
    assert not problems
    assert params.extra == {"folder": "/a=b", "CRM_meta_x": "1", "trace_ra": "1"}


def test_a_parameter_that_the_agent_does_not_have_is_refused_with_the_nearest(ours: OcfScripts) -> None:
    entry = ours.find("ocf:hbtest:service")
    assert entry is not None
    with pytest.raises(ValueError, match="foldr is no parameter of ocf:hbtest:service, did you mean folder"):
        ours.words(entry, ["foldr=/x"])
    with pytest.raises(ValueError, match="`hb ra info ocf:hbtest:service` lists"):
        ours.words(entry, ["quite_other=/x"])
    with pytest.raises(ValueError, match="expected NAME=VALUE"):
        ours.words(entry, ["/x"])


def test_an_agent_without_meta_data_judges_its_parameters_itself(ours: OcfScripts, service: "Service") -> None:
    service.path.write_text("#!/bin/sh\nexit 1\n")
    entry = ours.find("ocf:hbtest:service")
    assert entry is not None
    assert ours.words(entry, ["foldr=/x"])["foldr"] == "/x"


def test_a_root_that_does_not_exist_holds_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OCF_ROOT", str(tmp_path / "no"))
    assert OcfScripts().entries() == []


@pytest.fixture
def theirs(debians: None, monkeypatch: pytest.MonkeyPatch) -> OcfScripts:
    monkeypatch.delenv("OCF_ROOT", raising=False)
    return OcfScripts()


def test_words_of_heartbeat_3_mean_the_agents_that_its_wrappers_called(theirs: OcfScripts) -> None:
    entry = theirs.find("Filesystem")
    assert entry is not None
    assert entry.origin == "/usr/lib/ocf/resource.d/heartbeat/Filesystem"
    assert theirs.words(entry, ["/dev/sdb1", "/data", "ext3", "noatime,data=journal"]) == {
        "ocf_type": "ocf:heartbeat:Filesystem",
        "device": "/dev/sdb1",
        "directory": "/data",
        "fstype": "ext3",
        "options": "noatime,data=journal",
    }
    assert theirs.words(entry, ["device=/dev/sdb1", "directory=/data"])["directory"] == "/data"
    with pytest.raises(ValueError, match="at most 4 arguments: Filesystem::DEVICE::DIRECTORY::FSTYPE::OPTIONS"):
        theirs.words(entry, ["a", "b", "c", "d", "e"])


def test_the_order_of_every_wrapper_names_parameters_that_the_agent_has(theirs: OcfScripts) -> None:
    here = [word for word in ORDER if theirs.find(word)]
    assert len(here) > 10
    for word in here:
        entry = theirs.find(word)
        assert entry is not None
        assert set(ORDER[word]) <= {param.name for param in theirs.describe(entry)}, word


def test_an_agent_describes_itself(theirs: OcfScripts) -> None:
    entry = theirs.find("ocf:heartbeat:Filesystem")
    assert entry is not None
    about = theirs.about(entry)
    assert about.title == "Manages filesystem mounts"
    assert about.timeouts_s["start"] == 60.0
    assert "directory" in {param.name for param in theirs.describe(entry)}
