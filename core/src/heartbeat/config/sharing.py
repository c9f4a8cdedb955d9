"""Who says whether a resource shares data: ``shares_data RESOURCE yes|no`` in ha.cf, its agent, a table, nobody."""

from dataclasses import dataclass, field

from heartbeat.config import codes, well_known
from heartbeat.config.finding import Findings
from heartbeat.config.hacf import HaCf, Use
from heartbeat.config.haresources import Spelling, hide_secrets, spell
from heartbeat.config.source import Word
from heartbeat.config.values import boolean


@dataclass(slots=True)
class Sharing:
    """What the administrator said, by resource word; the agent's word or the table's holds for the rest."""

    said: dict[str, Use] = field(default_factory=dict)

    def of(self, word: Word, spelling: Spelling, found: Findings, *, agents_word: bool | None) -> tuple[bool, str]:
        """Return whether the resource shares data, and who says so. What nobody knows counts as sharing."""
        table = well_known.shares_data(spelling.word)
        known = table if agents_word is None else agents_word
        use = self.said.get(word.text) or self.said.get(spelling.word)
        if use is not None:
            meant = bool(boolean(use.texts[1:]))
            if known and not meant:
                message = f"{spelling.name} does share data, says {'the agent' if agents_word else 'our table'}"
                mend = "delete the line, unless you know better"
                found.add(codes.SHARING_DENIED, use.words[0].place, message, mend=mend)
            return meant, f"ha.cf line {use.line}"
        if known is None:
            message = f"nobody knows whether {spelling.name} shares data, so it counts as sharing"
            mend = f"if it does not, write in ha.cf: shares_data {spelling.word} no"
            found.add(codes.SHARING_UNKNOWN, word.place, message, mend=mend)
            return True, "nobody knows"
        return known, "the agent" if agents_word is not None else "well known"

    def unheard(self, heard: set[str], names: set[str], found: Findings) -> None:
        """Tell of lines that name none of the words of haresources; ``names`` are these words, fit to be shown."""
        for key, use in self.said.items():
            if key not in heard:
                near = found.nearest(key, lambda: names)
                message = f"no resource in haresources is named {spell(key).name!r}"
                mend = f"write {near}" if near else "write it as in haresources"
                found.add(codes.SHARING_STRANGER, use.words[0].place, message, nearest=near, mend=mend)


def read_sharing(hacf: HaCf, found: Findings) -> Sharing:
    """Return the ``shares_data`` lines; what is wrong with one becomes a finding."""
    sharing = Sharing()
    for use in hacf.all("shares_data"):
        try:
            meant = boolean(use.texts[1:])
        except ValueError as wrong:
            message, mend = f"{use.texts[1]!r} is not valid for shares_data", "write yes or no"
            found.add(codes.BAD_VALUE, use.words[1].place, message, expected=str(wrong), mend=mend)
            continue
        if hacf.source is not None:
            hide_secrets(hacf.source, use.words[0])
        first = sharing.said.setdefault(use.texts[0], use)
        if first is use:
            continue
        same = boolean(first.texts[1:]) == meant
        message = f"shares_data {spell(use.texts[0]).name} was given already in line {first.line}"
        code = codes.SAME_TWICE if same else codes.TWO_VALUES
        found.add(code, use.directive.place, message, mend="delete one of the lines")
    return sharing
