"""Every finding's stable code, its severity and its title: the one place that defines them.

A number, once given, keeps its meaning for ever; a retired one is never given again. Each has a section in
``docs/findings.md`` under its title, and a test holds the two in step.
"""

import enum
from dataclasses import dataclass


class Severity(enum.Enum):
    """How much a finding matters. Only errors keep ``hb run`` from starting."""

    ERROR = "error"
    WARNING = "warning"
    """It will start, and something will disappoint."""
    ADVICE = "advice"
    """It works; it could be safer or faster."""
    NOTE = "note"
    """What a reader of the old manuals would not expect."""


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding."""

    code: str
    severity: Severity
    title: str


CODES: dict[str, Code] = {}
"""All codes, in order of number."""


def _define(number: int, severity: Severity, title: str) -> Code:
    code = Code(f"HB-C{number:03}", severity, title)
    assert code.code not in CODES, code.code
    CODES[code.code] = code
    return code


def _error(number: int, title: str) -> Code:
    return _define(number, Severity.ERROR, title)


def _warning(number: int, title: str) -> Code:
    return _define(number, Severity.WARNING, title)


def _advice(number: int, title: str) -> Code:
    return _define(number, Severity.ADVICE, title)


def _note(number: int, title: str) -> Code:
    return _define(number, Severity.NOTE, title)


# Files and their text.
UNREADABLE = _error(1, "a file cannot be read")
NOT_UTF8 = _note(2, "a file is not UTF-8")
DOS_LINES = _note(3, "a file has DOS line ends")
CONTROL_CHARACTER = _error(4, "a control or invisible character")
HASH_IN_WORD = _note(5, "a # inside a word starts no comment")
READABLE_SECRET = _advice(6, "a secret stands in a file that others can read")

# Directives of ha.cf.
UNKNOWN_DIRECTIVE = _error(10, "unknown directive")
MEDIUM_NOT_INSTALLED = _error(11, "the medium's plugin is not installed")
REFUSED = _error(12, "refused directive")
ACCEPTED = _note(13, "accepted, but something else does its work")
WORD_COUNT = _error(14, "too few or too many words")
BAD_VALUE = _error(15, "value not valid")
TWO_VALUES = _error(16, "two values for one directive")
SAME_TWICE = _note(17, "the same value twice")
OLD_ORDER = _note(18, "the old order of lines would have meant something else")
UNUSED_SETTING = _note(19, "nothing uses this setting")
BROKEN_PLUGIN = _error(20, "an installed plugin cannot be used")

# Quorum.
LAST_MAN_VOTES = _error(21, "last_man_standing goes with equal votes only")
LAST_MAN_IDLE = _note(22, "last_man_standing changes nothing in two nodes")
LAST_MAN_HASTE = _warning(23, "last_man_standing is shorter than deadtime")

# The watchdog.
WATCHDOG_TWICE = _warning(25, "two want to feed one watchdog")
WATCHDOG_MISSING = _error(26, "the watchdog is not there")
WATCHDOG_TIME = _error(27, "the watchdog's time-out contradicts the timers")
WATCHDOG_WAIT = _advice(28, "how long the others wait for a watchdog")
WATCHDOG_IDLE = _advice(29, "a watchdog that proves nothing to others")

# Nodes.
NO_NODE = _error(30, "no node is named")
BAD_NODE_NAME = _error(31, "not a node name")
CASE = _note(32, "node names do not depend on case")
NODE_TWICE = _warning(33, "a node is named twice")
NOT_A_MEMBER = _error(34, "this host is no node of the cluster")
OTHER_NODES_EYES = _note(35, "read as another node would read it")
LONE_NODE = _warning(36, "only one node")
TOO_MANY_NODES = _error(37, "too many nodes")
VOTES_STRANGER = _error(38, "votes or auto_tie_breaker names no node")
VOTES_IDLE = _note(39, "votes or auto_tie_breaker decides nothing here")

# Timers and policy.
DEADTIME_TOO_SHORT = _error(40, "deadtime does not exceed twice the keepalive")
DEADTIME_SHORT = _warning(41, "deadtime is below five keepalives")
INITDEAD_TOO_SHORT = _error(42, "initdead is shorter than deadtime")
INITDEAD_SHORT = _warning(43, "initdead is below 10 s")
WARNTIME_ODD = _warning(44, "warntime outside keepalive and deadtime")
STALL = _advice(45, "a stall of the machine could look like a death")
DEADPING_TOO_SHORT = _error(46, "deadping does not exceed twice the keepalive")
FAILBACK_UNSAID = _note(47, "auto_failback is not given")
NICE_FAILBACK = _warning(48, "nice_failback is translated")

# Media.
MEDIUM_FORM = _error(50, "a medium's line has the wrong form")
MEDIUM_PARAMETER = _error(51, "a medium's parameter is not valid")
LINK_TWICE = _error(52, "a link is configured twice")
NO_MEDIUM = _error(53, "no medium at all")
ONE_MEDIUM = _warning(54, "one link only")
ONE_INTERFACE = _warning(55, "all links use one interface")
NO_SUCH_INTERFACE = _warning(56, "no such interface here")

# STONITH.
DEVICE_NOT_INSTALLED = _error(60, "the device type is not installed")
DEVICE_PARAMETER = _error(61, "a device's parameter is not valid")
DEVICE_FILE = _error(62, "a device's parameter file cannot be used")
ALL_LINES_COUNT = _note(63, "all STONITH lines count")
UNKNOWN_HOST = _warning(64, "a device is for a host that is no node")
UNKNOWN_DRIVER = _error(65, "a device line is for a node that does not exist")
TEST_DEVICE = _warning(66, "a test device")
TEST_PROTECTION = _error(67, "only a test device protects shared data")
NO_PROTECTION = _error(68, "no device protects shared data")
NODE_UNCOVERED = _warning(69, "no device can switch this node off")
NO_READ_BACK = _advice(70, "no device that reads power back")
DEVICE_DOMINATES = _advice(71, "the device decides how long a takeover takes")
ACKNOWLEDGED = _note(72, "a missing protection is acknowledged")
SELF_ONLY = _warning(73, "a device could only switch its own user off")
NEEDLESS_ACKNOWLEDGEMENT = _note(74, "an acknowledgement is not needed")
DEVICE_FILE_ELSEWHERE = _note(75, "a device's parameter file is not on this host")
NAME_TOO_LONG = _error(76, "a node's name is longer than the device can hold")
LEVEL_UNFIT = _error(77, "devices that stand together do not fit")

# haresources.
UNKNOWN_HOME = _error(80, "a group's node does not exist")
NO_RESOURCE = _error(81, "a line names no resource")
UNKNOWN_RESOURCE = _error(82, "nothing here knows this resource")
RESOURCE_ARGUMENTS = _error(83, "a resource's arguments are not valid")
GROUP_TWICE = _error(84, "two groups have the same name")
CLAIM_TWICE = _error(85, "two groups use the same thing")
RESOURCE_TWICE = _warning(86, "a resource appears twice")
CONTINUATION = _warning(87, "a line's continuation is odd")
BARE_IPV6 = _error(88, "an IPv6 address without brackets")
SHARING_DENIED = _warning(89, "shares_data contradicts the agent")
SHARING_STRANGER = _error(90, "shares_data names no resource")
SHARING_UNKNOWN = _advice(91, "nobody knows whether a resource shares data")
NO_GROUP = _warning(92, "no resource group")
SHADOWED = _note(93, "a plugin runs instead of a script")
LIMIT_STRANGER = _error(94, "timeout names no resource")

# authkeys.
KEYS_READABLE = _error(100, "others may read or change authkeys")
KEYS_OWNER = _error(101, "authkeys has the wrong owner")
KEYS_LINE = _error(102, "a line of authkeys has the wrong form")
KEY_NUMBER = _error(103, "a key's number is out of range")
KEY_TWICE = _error(104, "two keys have the same number")
NO_AUTH = _error(105, "no auth line")
NO_SUCH_KEY = _error(106, "auth names a key that is not there")
METHOD_NOT_INSTALLED = _error(107, "the authentication method is not installed")
KEY_MISSING = _error(108, "the method needs a key")
KEY_NOT_WANTED = _error(109, "the method takes no key")
WEAK_METHOD = _advice(110, "a weak authentication method")
KEYS_OLD_ORDER = _note(111, "the auth line stands after its key")
KEY_WORDS = _warning(112, "a key is one word")
TWO_AUTH = _error(113, "two auth lines")

# Programs and users.
NO_SUCH_PROGRAM = _warning(120, "a client's program cannot be run")
NO_SUCH_USER = _error(121, "no such user or group")
IPFAIL = _note(122, "ipfail is not started")
CLIENT_USER = _warning(123, "a client's user does not exist here")
NOBODY_ALLOWED = _warning(124, "apiauth names somebody who does not exist here")
HOOK_UNUSABLE = _warning(125, "a hook cannot be used")
HOOK_PARAMETER = _warning(126, "a hook's parameter is not valid")
HOOKS_NOT_RUN = _advice(127, "nothing here runs the hooks")

# Tie-breakers.
TIE_UNUSABLE = _error(130, "a tie-breaker cannot be used")
TIE_PARAMETER = _error(131, "a tie-breaker's parameter is not valid")
TIE_BREAKERS = _error(132, "two decide between the halves")
TIE_NO_GRANT = _warning(133, "no tie-breaker may grant")
TIE_IDLE = _note(134, "a tie-breaker decides nothing here")
