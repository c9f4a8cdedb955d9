"""Actions on a resource agent, inside the child of one operation."""

import time

from heartbeat.executor.permission import Permission
from heartbeat.executor.verdict import Refused
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.plugin import Health, ResourceAgent

ACTIONS = (
    Action.PROBE,
    Action.MONITOR,
    Action.START,
    Action.STOP,
    Action.PROMOTE,
    Action.DEMOTE,
    Action.VALIDATE,
    Action.ANNOUNCE,
)

PERMISSION_WITHIN_S = 0.1
"""How long a start waits for its permission: the daemon gives it on another way than the order."""
LOOK_EVERY_S = 0.001

SILENCED = Result(Outcome.CANCELLED, "this node may not answer now: its daemon did not renew the hold in time")
"""Of a start that came too late: another node may have the resource by now."""

_HEALTH = {
    Health.RUNNING: Result(Outcome.RUNNING),
    Health.PROMOTED: Result(Outcome.RUNNING, "promoted"),
    Health.STOPPED: Result(Outcome.STOPPED),
    Health.FAILED: Result(Outcome.FAILED, "the agent found it broken or half there"),
}


class AgentWork:
    """One action of one agent."""

    def __init__(self, agent: ResourceAgent, action: Action) -> None:
        if action not in ACTIONS:
            raise Refused(f"a resource agent cannot do {action.value!r}; that is for STONITH devices")
        self._agent = agent
        self._action = action
        self.permission: Permission | None = None
        """Set in a cluster: a start needs it."""

    def prepare(self) -> None:
        if self._action is Action.START:
            self._agent.prepare_start()

    def act(self) -> Result:
        """Do it; whatever the agent raises passes through."""
        match self._action:
            case Action.PROBE | Action.MONITOR:
                return _HEALTH[self._agent.monitor()]
            case Action.START:
                if not self._hold():
                    return SILENCED
                self._agent.start()
                if self.permission is not None and self.permission.is_expired:
                    return SILENCED
            case Action.STOP:
                self._agent.stop()
            case Action.PROMOTE:
                self._agent.promote()
            case Action.DEMOTE:
                self._agent.demote()
            case Action.VALIDATE:
                self._agent.validate()
            case Action.ANNOUNCE:
                self._agent.announce()
            case _:
                raise AssertionError(self._action)
        return Result(Outcome.DONE)

    def _hold(self) -> bool:
        """Have the resource silenced by itself before it is there; False when it may not start any more."""
        permission = self.permission
        if permission is None or not permission.is_used:
            return True
        until_s = time.monotonic() + PERMISSION_WITHIN_S
        while permission.is_expired and time.monotonic() < until_s:
            time.sleep(LOOK_EVERY_S)
        if not permission.is_expired and self._agent.can_hold():
            self._agent.hold(permission.left_s())
            if permission.is_expired:  # we stood still in between: what was set then is too long
                self._agent.mute()
        return not permission.is_expired

    def follow_up(self) -> None:
        """After the result was reported: what a start may still do. Ended by SIGKILL at any time."""
        if self._action is Action.START:
            self._agent.after_start()
