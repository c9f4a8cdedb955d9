"""Actions on a resource agent, inside the child of one operation."""

from heartbeat.executor.verdict import Refused
from heartbeat.model.operation import Action, Outcome, Result
from heartbeat.plugin import Health, ResourceAgent

ACTIONS = (Action.PROBE, Action.MONITOR, Action.START, Action.STOP, Action.PROMOTE, Action.DEMOTE, Action.VALIDATE)

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

    def prepare(self) -> None:
        if self._action is Action.START:
            self._agent.prepare_start()

    def act(self) -> Result:
        """Do it; whatever the agent raises passes through."""
        match self._action:
            case Action.PROBE | Action.MONITOR:
                return _HEALTH[self._agent.monitor()]
            case Action.START:
                self._agent.start()
            case Action.STOP:
                self._agent.stop()
            case Action.PROMOTE:
                self._agent.promote()
            case Action.DEMOTE:
                self._agent.demote()
            case Action.VALIDATE:
                self._agent.validate()
            case _:
                raise AssertionError(self._action)
        return Result(Outcome.DONE)

    def follow_up(self) -> None:
        """After the result was reported: what a start may still do. Ended by SIGKILL at any time."""
        if self._action is Action.START:
            self._agent.after_start()
