"""``hb plugin validate FOLDER --fix``: what can be put right in a plugin's sources without asking its author."""

import re
from collections.abc import Mapping

from heartbeat.pils.parameter_table import with_tables
from heartbeat.pils.validation.papers import Papers

REQUIRES_PYTHON = 'requires-python = ">=3.11"'

_VERSION = re.compile(r"^(\[project\][^\[]*?^version *=.*\n)", re.MULTILINE)


def mended(papers: Papers, tables: Mapping[str, str]) -> list[str]:
    """Mend the folder's files and return what was done, in words. Call it for papers with a folder only.

    ``tables`` maps ``kind:name`` to the table of its parameters as they are declared (HB602, HB603); py.typed (HB105)
    and the Python that it needs (HB103) follow from nothing. Raises OSError.
    """
    assert papers.folder is not None
    done = []
    readme = papers.folder / papers.readme_name
    old = papers.readme or f"# {papers.name}\n\n{papers.summary or 'A plugin for heartbeat'}.\n"
    new = with_tables(old, tables)
    if new != papers.readme:
        readme.write_text(new, encoding="utf-8")
        done.append(f"{readme}: the table of the parameters" if papers.readme else f"{readme} written")
    if not papers.is_typed:
        for package in sorted(it.parent for it in (papers.folder / "src").glob("*/__init__.py")):
            (package / "py.typed").touch()
            done.append(f"{package / 'py.typed'} written")
    if not papers.requires_python:
        path = papers.folder / "pyproject.toml"
        text, count = _VERSION.subn(rf"\1{REQUIRES_PYTHON}\n", path.read_text("utf-8"))
        if count == 1:
            path.write_text(text, encoding="utf-8")
            done.append(f"{path}: {REQUIRES_PYTHON}")
    return done
