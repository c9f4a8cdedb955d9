"""Small tie-breakers for the registry of the tests: one that grants, and one that never does."""

from heartbeat.plugin import Param, ParamKind, Ruling, Tie, TieBreaker, Verdict


class Witness(TieBreaker):
    api = 1
    params = (
        Param("host", ParamKind.HOST, required=True, example="10.0.0.9"),
        Param("port", ParamKind.PORT, default=6940),
    )
    positional = ("host", "port")

    def ask(self, tie: Tie, deadline_s: float) -> Ruling:
        return Ruling(Verdict.UNREACHABLE)


class Gateway(Witness):
    """Only denies."""

    grants = False
