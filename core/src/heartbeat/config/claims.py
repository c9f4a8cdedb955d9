"""What no two groups may use: an address, a device, a mount point."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from heartbeat.config import codes
from heartbeat.config.finding import Findings
from heartbeat.config.haresources import Spelling
from heartbeat.config.source import Word
from heartbeat.plugin.ra import Claim


@dataclass(slots=True)
class Claims:
    """What the resources that were read so far use."""

    first: dict[Claim, tuple[int, Word, str]] = field(default_factory=dict)
    """By claim: the number of the group, and the word and name of the resource that made it first."""
    words: dict[str, Word] = field(default_factory=dict)

    def judge(self, group: int, word: Word, spelling: Spelling, claims: Sequence[Claim], found: Findings) -> None:
        """Refuse what two groups claim; doubt what appears twice without a claim."""
        refused = False
        for claim in claims:
            first_group, first, name = self.first.setdefault(claim, (group, word, spelling.name))
            if first_group != group:
                refused = True
                message = f"the {claim.kind} {claim.value} belongs already to {name} at {first.place}"
                mend = "keep it in one group"
                found.add(codes.CLAIM_TWICE, word.place, message, expected="one group", mend=mend)
        earlier = self.words.setdefault(word.text, word)
        if earlier is not word and not refused:
            message = f"{spelling.name} stands already in line {earlier.place.line}: whichever stops first stops both"
            found.add(codes.RESOURCE_TWICE, word.place, message, mend="keep it in one group")
