"""Which scripts are found, in which order, and that none of them is run."""

from pathlib import Path

import pytest
from heartbeat.plugin import parse_params
from heartbeat_ra_haresource import Script
from heartbeat_ra_haresource.catalogue import Scripts

HEADER = """#!/bin/sh
### BEGIN INIT INFO
# Provides:          web
# Short-Description: Web server
# Description:       Serves pages
#                    to whom they concern.
### END INIT INFO
touch {ran}
"""


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    """Scripts that would leave a file ``ran`` behind: both in resource.d and init.d, and one in each alone."""
    for folder, names in (("resource.d", ("both", "billing")), ("init.d", ("both", "web"))):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_text(HEADER.format(ran=tmp_path / "ran"))
            (tmp_path / folder / name).chmod(0o755)
    (tmp_path / "init.d" / "README").write_text("no script")
    (tmp_path / "init.d" / "folder").mkdir()
    (tmp_path / "init.d" / "broken").symlink_to(tmp_path / "nowhere")
    (tmp_path / "init.d" / "link").symlink_to(tmp_path / "init.d" / "web")
    (tmp_path / "init.d" / ".hidden").write_text("#!/bin/sh\n")
    (tmp_path / "init.d" / ".hidden").chmod(0o755)
    made = Scripts()
    made.config, made.init_d = tmp_path, tmp_path / "init.d"
    return made


def test_executables_of_both_folders_are_listed_once_by_name(scripts: Scripts, tmp_path: Path) -> None:
    assert [(entry.name, entry.origin) for entry in scripts.entries()] == [
        ("billing", str(tmp_path / "resource.d" / "billing")),
        ("both", str(tmp_path / "resource.d" / "both")),
        ("link", str(tmp_path / "init.d" / "link")),
        ("web", str(tmp_path / "init.d" / "web")),
    ]


def test_resource_d_comes_before_init_d(scripts: Scripts, tmp_path: Path) -> None:
    both, web = scripts.find("both"), scripts.find("web")
    assert both is not None
    assert web is not None
    assert (both.rank, both.origin) == (10, str(tmp_path / "resource.d" / "both"))
    assert (web.rank, web.params["convention"]) == (20, "init.d")


@pytest.mark.parametrize(
    "word", ["README", "folder", "broken", "nobody", "", ".", "..", "../init.d/web", "a\0b", "x" * 300]
)
def test_what_is_no_executable_file_of_the_folder_is_not_found(scripts: Scripts, word: str) -> None:
    assert scripts.find(word) is None


def test_nothing_is_run(scripts: Scripts, tmp_path: Path) -> None:
    for entry in scripts.entries():
        scripts.find(entry.name)
        scripts.about(entry)
    assert not (tmp_path / "ran").exists()


def test_words_become_the_arguments_and_the_driver_takes_them(scripts: Scripts, tmp_path: Path) -> None:
    entry = scripts.find("billing")
    assert entry is not None
    raw = scripts.words(entry, ["80", "", "/srv/www"])
    params, problems = parse_params(Script.params, raw)
    assert not problems
    assert params.text("arguments") == "80 /srv/www"
    assert params.text("script") == str(tmp_path / "resource.d" / "billing")


def test_an_init_script_describes_itself_in_its_comments(scripts: Scripts) -> None:
    entry = scripts.find("web")
    assert entry is not None
    about = scripts.about(entry)
    assert (about.title, about.text) == ("Web server", "Serves pages to whom they concern.")


def test_folders_that_do_not_exist_hold_nothing(tmp_path: Path) -> None:
    nothing = Scripts()
    nothing.config, nothing.init_d = tmp_path / "no", tmp_path / "neither"
    assert nothing.entries() == []
    assert nothing.find("web") is None
