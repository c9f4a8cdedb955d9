"""This node's own links: which media could be opened, and what keeps the others closed."""

from heartbeat.kernel.desk import Desk


class Links:
    """Tells of each medium that opens, or does not, once per change."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.problems: dict[int, str] = {}
        """By link: what keeps it closed; empty when it is open."""

    def opened(self, link: int, problem: str) -> None:
        """Take the shell's word about one medium; an empty problem says that it is open."""
        name = self._desk.birth.links[link]
        before = self.problems.get(link, "")
        if problem and problem != before:
            self._desk.decide(
                "link.closed", f"link {name}", f"{name} could not be opened: {problem}", problem, alarm=True
            )
        elif not problem:
            self._desk.decide("link.open", f"link {name}", f"{name} is open", "the medium opened it")
            self._desk.urgent = True
        self.problems[link] = problem
