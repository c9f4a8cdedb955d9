"""Mistakes in when a watchdog is fed, and in when others believe that it has fired."""

from heartbeat.sim.mutants import situations
from heartbeat.sim.mutants.mutant import Edit, Mutant, mutant

MUTANTS: tuple[Mutant, ...] = (
    mutant(
        "watchdog-fed-always",
        "a node that holds something is fed whether a quorum is with it or not",
        "watchdog:Watchdog.hunger",
        "if is_backed:",
        "if True:",
        needs=situations.unstoppable,
    ),
    mutant(
        "watchdog-wait-short",
        "what a node promises counts its watchdog's time-out not at all",
        "watchdog:Watchdog.promise_ms",
        "timers.keepalive_s, device.timeout_s)",
        "timers.keepalive_s, 0)",
        needs=situations.unstoppable,
    ),
    mutant(
        "watchdog-wait-from-silence",
        "the wait for a watchdog is a quarter as long, and begins with the node's last frame",
        "self_fence:SelfFence.due_s",
        "return self._without_s[nid] + wait_s(promise_ms / 1000)",
        "return peer.heard_s + wait_s(promise_ms / 4000)",
        needs=situations.waited_for,
    ),
    mutant(
        "life-outlives-its-watchdog",
        "a node that holds nothing lives on in the life that others have proved over",
        "watchdog:Watchdog._end_life",
        "if self._desk.now_s < self._backed_s + after_s:",
        "if True:",
        needs=situations.watchdogs,
    ),
    mutant(
        "fed-by-old-echoes",
        "what was shown once, before a pause or in another view, backs a node for ever",
        "backing:Backing.since_s",
        "return max(at_s, self._agreed_s)",
        "return self._desk.now_s",
        Edit("backing:Backing.view_installed", "self._echoed_s.clear()", "pass"),
        Edit(
            "backing:Backing.stood_still", "self._not_before_s, self._agreed_s = self._desk.now_s,", "self._agreed_s ="
        ),
        needs=situations.unstoppable,
    ),
)
