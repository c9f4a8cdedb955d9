"""Who votes: the lines ``votes NODE NUMBER``, ``auto_tie_breaker`` and ``last_man_standing`` of ha.cf."""

from collections.abc import Sequence

from heartbeat.config import codes
from heartbeat.config.cluster_config import TieBreakerConfig
from heartbeat.config.finding import Findings
from heartbeat.config.hacf import HaCf, Use
from heartbeat.config.nodes import find_node
from heartbeat.config.source import Word
from heartbeat.config.timers import DEADTIME_S
from heartbeat.model.electorate import NOBODY, Electorate
from heartbeat.model.names import Nid, NodeName

VOTES_MAX = 1000
"""More than anybody can need to make one of NODES_MAX nodes weigh more than all others."""


def read_electorate(
    hacf: HaCf, nodes: Sequence[NodeName], asked: Sequence[TieBreakerConfig], found: Findings
) -> Electorate:
    """Return who votes, and whom halves ask; what is wrong with a line becomes a finding."""
    given = _votes(hacf, nodes, found)
    votes = tuple(given.get(node, 1) for node in nodes)
    if nodes and not any(votes):
        place = hacf.all("votes")[0].directive.place
        found.add(codes.BAD_VALUE, place, "no node has a vote", expected="one at least", mend="delete a line")
    breaker = _tie_breaker(hacf, nodes, found)
    _judge_use(hacf, nodes, sum(votes), found)
    window_s = _last_man(hacf, nodes, votes, found)
    if asked:
        _judge_asking(hacf, nodes, sum(votes), found)
    names = tuple(one.name for one in asked) if len(nodes) > 2 else ()
    return Electorate(votes if set(votes) - {1} else (), breaker, window_s, names)


def _votes(hacf: HaCf, nodes: Sequence[NodeName], found: Findings) -> dict[NodeName, int]:
    given: dict[NodeName, int] = {}
    for use in hacf.all("votes"):
        node, number = _node(use.words[0], nodes, found), _number(use.words[1], found)
        if node is None or number is None:
            continue
        if node in given:
            code = codes.SAME_TWICE if given[node] == number else codes.TWO_VALUES
            found.add(code, use.directive.place, f"votes {node} was given already", mend="delete one of the lines")
        given.setdefault(node, number)
    return given


def _number(word: Word, found: Findings) -> int | None:
    if word.text.isascii() and word.text.isdecimal() and int(word.text) <= VOTES_MAX:
        return int(word.text)
    expected = f"a number from 0 to {VOTES_MAX}"
    found.add(codes.BAD_VALUE, word.place, f"{word.text!r} is not valid for votes", expected=expected, mend="write 1")
    return None


def _tie_breaker(hacf: HaCf, nodes: Sequence[NodeName], found: Findings) -> Nid:
    use = hacf.one("auto_tie_breaker")
    if use is None or not nodes:
        return NOBODY
    if use.texts[0] in ("lowest", "highest"):
        return Nid(0 if use.texts[0] == "lowest" else len(nodes) - 1)
    node = _node(use.words[0], nodes, found, expected="lowest, highest or a node")
    return NOBODY if node is None else Nid(nodes.index(node))


def _judge_asking(hacf: HaCf, nodes: Sequence[NodeName], total: int, found: Findings) -> None:
    """Between the halves one decides, and where there are none, nobody."""
    uses = sorted([*hacf.all("quorum_server"), *hacf.all("tie_breaker")], key=lambda use: use.line)
    place = uses[0].directive.place
    if len(nodes) == 2:
        message = "two nodes have no halves that go on: who is left must prove the other away"
        found.add(codes.TIE_IDLE, place, message, mend="delete the line")
        return
    for name in ("auto_tie_breaker", "last_man_standing"):
        if hacf.one(name):
            message = f"{name} decides between the halves, and so does this"
            found.add(codes.TIE_BREAKERS, place, message, mend=f"delete this line, or that of {name}")
    if total % 2:
        message = f"{total} votes never fall into equal halves"
        found.add(codes.TIE_IDLE, place, message, mend="delete the line")


def _last_man(hacf: HaCf, nodes: Sequence[NodeName], votes: Sequence[int], found: Findings) -> float:
    use = hacf.one("last_man_standing")
    if use is None or not nodes:
        return 0.0
    place, window_s = use.directive.place, hacf.seconds("last_man_standing", 0.0)
    if len(nodes) == 2:
        message = "two nodes have no majority to lose: who is left must prove the other away"
        found.add(codes.LAST_MAN_IDLE, place, message, mend="delete the line")
        return 0.0
    if set(votes) - {1}:
        message = "voters that follow the members all count the same, and votes says otherwise"
        found.add(codes.LAST_MAN_VOTES, place, message, mend="delete this line, or those of votes")
    deadtime_s = hacf.seconds("deadtime", DEADTIME_S)
    if 0 < window_s < deadtime_s:
        message = f"{window_s:g} s is shorter than deadtime: nodes that die together look as if one by one"
        found.add(codes.LAST_MAN_HASTE, place, message, mend=f"write last_man_standing {deadtime_s:g}")
    return window_s


def _node(word: Word, nodes: Sequence[NodeName], found: Findings, expected: str = "a node") -> NodeName | None:
    node = find_node(word, nodes, found)
    if node is None and nodes:
        near = found.nearest(word.text.lower(), lambda: nodes)
        mend = f"write {near}" if near else "write a name of the node lines"
        message = f"{word.text} is no node of this cluster"
        found.add(codes.VOTES_STRANGER, word.place, message, expected=expected, nearest=near, mend=mend)
    return node


def _judge_use(hacf: HaCf, nodes: Sequence[NodeName], total: int, found: Findings) -> None:
    """Two nodes decide by proof, and an odd number of votes has no halves."""
    breaker = hacf.one("auto_tie_breaker")
    uses: list[Use] = [*hacf.all("votes"), *([breaker] if breaker else [])]
    if hacf.one("last_man_standing"):
        return  # their number changes
    if len(nodes) == 2 and uses:
        message = "two nodes need no majority: who is left must prove the other away"
        found.add(codes.VOTES_IDLE, uses[0].directive.place, message, mend="delete the line")
    elif len(nodes) > 2 and breaker and total % 2:
        message = f"{total} votes never fall into equal halves"
        found.add(codes.VOTES_IDLE, breaker.directive.place, message, mend="delete the line")
