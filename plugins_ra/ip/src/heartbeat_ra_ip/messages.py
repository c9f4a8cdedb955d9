"""pyroute2's message classes, and nothing else of it.

``import pyroute2`` brings every protocol the library knows and asyncio: 27 MB and a quarter of a second, which
each service address would pay in every executor, for two message classes. They are imported from under the package
without running its ``__init__``: 5 MB, 50 ms. Whoever imports pyroute2 in the same process afterwards gets the whole
library as usual, since nothing of ours stays in ``sys.modules``.
"""

import importlib
import importlib.util
import sys
from typing import Any

from heartbeat.plugin import NotInstalled

PACKAGE = "pyroute2"
_ADDRESS = f"{PACKAGE}.netlink.rtnl.ifaddrmsg"
_ROUTE = f"{PACKAGE}.netlink.rtnl.rtmsg"

_loaded: dict[str, Any] = {}


def address_message() -> Any:
    """Return a fresh ``ifaddrmsg``'s class (rtnetlink(7), RTM_NEWADDR)."""
    return _class("ifaddrmsg")


def route_message() -> Any:
    """Return ``rtmsg``'s class (rtnetlink(7), RTM_NEWROUTE)."""
    return _class("rtmsg")


def _class(name: str) -> Any:
    if not _loaded:
        _loaded.update(_import())
    return _loaded[name]


def _import() -> dict[str, Any]:
    if PACKAGE in sys.modules:
        return _classes()
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None:
        raise NotInstalled("pyroute2 is not installed, which service addresses need; `pip install pyroute2`")
    try:
        sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)
        return _classes()
    except (ImportError, AttributeError):  # laid out differently from 0.9: whole, then
        _forget()
        return _classes()
    finally:
        if not hasattr(sys.modules.get(PACKAGE), "__version__"):
            _forget()


def _classes() -> dict[str, Any]:
    return {
        "ifaddrmsg": importlib.import_module(_ADDRESS).ifaddrmsg,
        "rtmsg": importlib.import_module(_ROUTE).rtmsg,
    }


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
