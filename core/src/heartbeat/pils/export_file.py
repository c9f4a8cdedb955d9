"""The executable that stands for a plugin outside: a few lines, so that an update of heartbeat updates it too."""

import contextlib
import os
import sys
import tempfile
from pathlib import Path

MARK = "Written by `hb export"
"""In every such file; what lacks it is somebody else's and is not replaced."""

SHEBANG_MAX = 255
"""Bytes of a first line that Linux reads (BINPRM_BUF_SIZE - 1); older kernels than 5.1 read 127."""


def executable(module: str, driver: str, title: str, command: str) -> str:
    """Return the text of an executable that calls ``main`` of a module with a driver, ``distribution:name``.

    ``command`` is what wrote it, without `hb export`, for the reader. Raises ValueError when a first line cannot name
    this Python.
    """
    python = sys.executable
    # P: the folder of the agents must not become a place to import from; s: nor must anybody's home.
    shebang = f"#!{python} -Ps"
    if not python or any(letter.isspace() for letter in python) or len(os.fsencode(shebang)) > SHEBANG_MAX:
        raise ValueError(
            f"the path of this Python ({python!r}) is too long, or has a blank, for the first line of a file"
        )
    about = "".join(letter for letter in title if letter.isprintable()).replace("\\", "/").replace('"', "'")
    return f'''{shebang}
"""{about}. {MARK} {command}`; what it does stands in heartbeat itself."""

from {module} import main

main({driver!r})
'''


def write_executable(file: Path, text: str) -> None:
    """Put it there as a whole, executable by everybody. Raises OSError, FileExistsError for somebody else's file."""
    if file.is_symlink() or (file.exists() and MARK not in _read(file)):
        raise FileExistsError(
            f"{file} is there already and not of this command's making; remove it or choose another name"
        )
    descriptor, name = tempfile.mkstemp(prefix=".hb-export-", dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as new:
            new.write(text)
            os.fchmod(new.fileno(), 0o755)
        Path(name).replace(file)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _read(file: Path) -> str:
    with file.open("rb") as opened:
        return opened.read(4096).decode(errors="replace")
