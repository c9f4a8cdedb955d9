"""All checkers, and the properties that nothing can check yet."""

from heartbeat.sim.check.activity import Contested, Exclusive, Guarded
from heartbeat.sim.check.bounds import Bounded, Inert
from heartbeat.sim.check.checker import Checker, Setting
from heartbeat.sim.check.delivery import Causality, Fifo, Synchrony, TotalOrder
from heartbeat.sim.check.fences import Fences
from heartbeat.sim.check.history import Delivered, Flowing, Held, OneHistory
from heartbeat.sim.check.liveness import Active, Calm, Exclusion, Joining, NotStuck, OneView, Takeover
from heartbeat.sim.check.lives import DurableLife, LifeOnce
from heartbeat.sim.check.minority import Yielding
from heartbeat.sim.check.orders import Integrity, Newest
from heartbeat.sim.check.pauses import Woken
from heartbeat.sim.check.sequence import InOrder
from heartbeat.sim.check.starts import ProvedStart
from heartbeat.sim.check.views import Agreement, Increase, OnePrimary, SelfInclusion

CHECKERS: tuple[type[Checker], ...] = (
    Agreement, SelfInclusion, Increase, OnePrimary, Synchrony, Fifo, Causality, TotalOrder, OneHistory, Integrity, Held,
    Newest, DurableLife, LifeOnce, Exclusive, ProvedStart, Fences, Yielding, Woken, InOrder, Bounded, Inert, Guarded,
    Contested, OneView, Exclusion, Joining, Delivered, Flowing, Active, NotStuck, Takeover, Calm,
)  # fmt: skip
"""Safety first, then liveness. S22 is checked from outside: the same seed has the same trace."""

NOT_APPLICABLE = {
    "S19": "tickets: until there are several sites",
    "S20": "equal configuration at equal index: until the configuration is replicated",
}
"""Property to why no run can break it yet."""


def all_checkers(setting: Setting) -> list[Checker]:
    return [kind(setting) for kind in CHECKERS]
