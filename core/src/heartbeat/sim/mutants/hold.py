"""Mistakes in how long a node may answer, and in what it does on waking."""

from heartbeat.sim.mutants import situations
from heartbeat.sim.mutants.mutant import Edit, Mutant, mutant

MUTANTS: tuple[Mutant, ...] = (
    mutant(
        "hold-outlasts-patience",
        "a beat lets its node answer for longer than its peers wait for the next",
        "hold:Hold._say",
        "self._beat_s + SHARE * self._patience_s()",
        "self._beat_s + 2 * self._patience_s()",
    ),
    mutant(
        "hold-not-checked-on-waking",
        "a node that stood still answers on, as if it had not",
        "hold:Hold.woke",
        "if age_s >= self._patience_s() - 2 * keepalive_s:",
        "if False:",
        Edit("hold:Hold.slept", "if age_s >=", "if False and age_s >="),
        Edit("hold:Hold._compare_clocks", "if is_leap and", "if False and"),
        needs=situations.pause,
    ),
    mutant(
        "suspension-not-noticed",
        "a machine that was suspended goes by its own clock",
        "hold:Hold.slept",
        "if age_s >=",
        "if False and age_s >=",
        Edit("hold:Hold._compare_clocks", "if is_leap and", "if False and"),
        needs=situations.suspension,
    ),
    mutant(
        "waiting-frames-end-resync",
        "a beat that waited in the socket for a node that stood still counts as an answer to it",
        "hold:Hold._end_resync",
        "or mine.echo_ms / 1000 < self.resync_s",
        "",
        needs=situations.long_pause,
    ),
    mutant(
        "speaks-of-what-was-taken",
        "a node that is back in step answers for what another took meanwhile",
        "hold:Hold.wake",
        "if self._may and not self._said[0]:",
        "if False:",
        needs=situations.long_pause,
    ),
    mutant(
        "waiting-order-obeyed",
        "a start that waited for a node that stood still is carried out",
        "mail:Mail.read",
        'if message.action == "stop" or self._hold.resync_s is None:',
        "if True:",
        needs=situations.long_pause,
    ),
    mutant(
        "answers-unheard",
        "a node that nobody hears answers on",
        "hold:Hold._judge_unheard",
        "self._unheard = self._desk.now_s >= at_s",
        "self._unheard = False",
    ),
)
