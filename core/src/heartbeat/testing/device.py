"""What the simulator of a STONITH device offers to the kit. Needs no pytest."""

import abc
import enum
from typing import ClassVar


class Fault(enum.Enum):
    """How a device can misbehave; from then on, until the simulator is closed."""

    UNREACHABLE = "nobody listens"
    SILENT = "connections are taken and nothing is answered"
    CLOSES = "the connection ends in the middle of an answer"
    GARBAGE = "answers are bytes without sense"
    REFUSES_LOGIN = "the credentials are wrong"
    DENIES = "the order is refused: the outlet is locked"
    LIES = "orders are acknowledged and nothing is switched"
    SLOW = "orders are acknowledged at once and carried out a second later"
    SPLIT = "answers come in pieces of one byte"
    TRICKLES = "answers come slowly, yet within the time that the parameters allow"
    LATE = "answers come after that time"
    BUSY = "another session holds the device: a further one is told so, or closed at once"
    LOSES_ORDER = "the connection ends when the first order arrives, and nothing is carried out; then all is well again"
    BREAKS_OFF = "a list ends before its end, and the prompt follows as if it were whole"
    CUT_OFF = "the connection ends in the middle of a list"
    OFF_TOPIC = "the answer is an earlier one, about another outlet, and nothing is carried out"
    STRANGER = "another machine answers at the address: its host key or certificate is not the device's"
    HANGS_UP = "the first order is carried out and the connection ends before the answer; then all is well again"


class DeviceSimulator(abc.ABC):
    """A fake that speaks the device's real protocol on a local port, socket or pty, and knows the truth.

    It is made without arguments, serves until ``close`` (usually from a thread) and all its hosts start switched on.
    """

    faults: ClassVar[frozenset[Fault]] = frozenset()
    """What ``misbehave`` can do; the kit tests no more than these."""

    @abc.abstractmethod
    def params(self) -> dict[str, str]:
        """Return the unparsed parameters with which the plugin reaches this simulator."""

    def hasty_params(self) -> dict[str, str]:
        """Return them with time-outs of some tenths of a second, for the faults in which the plugin must give up.

        Those of ``params`` should be as patient as at work, so that a busy machine makes no test fail.
        """
        return self.params()

    @abc.abstractmethod
    def hosts(self) -> list[str]:
        """Return the hosts that it switches; at least two, unless the device has one outlet."""

    @abc.abstractmethod
    def is_on(self, host: str) -> bool:
        """Return the truth about one host's power."""

    def misbehave(self, fault: Fault) -> None:
        """Start one of ``faults``."""
        raise NotImplementedError(fault.value)

    def abandoned(self) -> int:
        """Return how many sessions ended without a log-out although the device would have heard one."""
        return 0

    def outlets(self, host: str) -> list[int]:
        """Return the numbers of the outlets that feed a host; empty when the device knows hosts only."""
        return []

    def turn(self, outlet: int, *, on: bool) -> None:
        """Switch one outlet by hand, as somebody at the device would. Goes with ``outlets``."""
        raise NotImplementedError("it has no outlets of their own")

    @abc.abstractmethod
    def close(self) -> None:
        """End serving and release everything."""
