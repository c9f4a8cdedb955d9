"""Keys: one line ``CLUSTER KEY`` for each cluster that the witness serves; a node's file holds the line of its own."""

from pathlib import Path

from heartbeat.witness.dialogue import KEY_MIN

CLUSTERS_MAX = 1000
FILE_MAX = 1 << 20


class BadKeys(Exception):
    """A file of keys cannot be used: where, why and the mend, never with a key in it."""


def read_keys(path: Path) -> dict[str, bytes]:
    """Return the key of each cluster. Raises BadKeys; others must not be able to read or change the file."""
    try:
        mode = path.stat().st_mode
        text = path.read_bytes()[:FILE_MAX].decode("utf-8")
    except OSError as wrong:
        raise BadKeys(f"{path}: {wrong.strerror}; write a line CLUSTER KEY there, and chmod 600 it") from None
    except UnicodeDecodeError:
        raise BadKeys(f"{path} is not UTF-8; write a line CLUSTER KEY for each cluster") from None
    if mode & 0o077:
        raise BadKeys(f"{path} may be read or changed by others (mode {mode & 0o7777:04o}); chmod 600 {path}")
    keys: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or len(words[1]) < KEY_MIN:
            raise BadKeys(f"{path}:{number}: expected CLUSTER KEY, the key of {KEY_MIN} characters and more")
        if words[0] in keys or len(keys) == CLUSTERS_MAX:
            raise BadKeys(f"{path}:{number}: {words[0]} has a key already, or there are too many; delete a line")
        keys[words[0]] = words[1].encode()
    if not keys:
        raise BadKeys(f"{path} holds no key; write a line CLUSTER KEY for each cluster")
    return keys
