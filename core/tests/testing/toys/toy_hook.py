# mypy: disable-error-code="override"
"""A hook that writes a line for each fact into a file; it takes fewer arguments, as a listener may."""

from collections.abc import Sequence
from pathlib import Path

from heartbeat.plugin import Listener, Param, ParamKind, Secret


class ToyLog(Listener):
    """Writes a line for each fact."""

    api = 1
    title = "toy log: a line for each fact"
    params = (
        Param("file", ParamKind.PATH, required=True, example="/var/log/toy", help="Where the lines go."),
        Param("token", ParamKind.SECRET, help="Begins no line; here to be kept secret."),
    )
    positional = ("file",)

    def view_installed(self, epoch: int, members: Sequence[str]) -> None:
        self._write(f"{epoch}: {', '.join(members)}")

    def node_fenced(self, node: str, proof: str) -> None:
        self._write(f"{node} is off: {proof}")

    def group_moved(self, group: str, source: str, target: str, away_s: float) -> None:
        self._write(f"{group}: {source or 'nowhere'} -> {target or 'nowhere'} after {away_s:.3f} s")

    def decision_taken(self, text: str, level: str) -> None:
        self._write(f"{level or 'info'}: " + text.replace("\n", " "))

    def _write(self, line: str) -> None:
        token: Secret | None = self.settings.known.get("token")  # type: ignore[assignment]  # of this kind
        assert token is None or token.reveal() not in line
        with Path(self.settings.text("file")).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
