"""What can go wrong between a client and the daemon: it cannot be reached, or it says no to the asking itself."""

from pathlib import Path


class NoDaemon(Exception):
    """The daemon cannot be reached, or ended or fell silent before it answered."""

    def __init__(self, path: Path, cause: str, mend: str) -> None:
        super().__init__(path, cause, mend)
        self.path = path
        self.cause = cause
        """What happened: ``no such socket``."""
        self.mend = mend
        """What to try."""

    def __str__(self) -> str:
        return f"no daemon at {self.path}: {self.cause}. {self.mend}"


class Refused(Exception):
    """The daemon does not let this user ask for it, or did not understand the request."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"refused: {self.text}"
