"""The closed family of errors that a plugin may raise; core turns anything else into PluginError's meaning.

The historical codes are those of the STONITH library of cluster-glue (``S_*``) and of the OCF resource agent
API, carried as data so that old tools see their old numbers.
"""

from typing import ClassVar


class PluginError(Exception):
    """Something went wrong inside a plugin. The text is for a person and never holds a secret."""

    s_code: ClassVar[int] = 8
    """STONITH library result; 8 = S_OOPS, something strange happened."""
    ocf_code: ClassVar[int] = 1
    """OCF exit code; 1 = OCF_ERR_GENERIC."""


class BadConfig(PluginError):
    """The parameters cannot work, here or anywhere (S_BADCONFIG, OCF_ERR_CONFIGURED)."""

    s_code = 1
    ocf_code = 6


class AccessDenied(PluginError):
    """The device or service refused our credentials (S_ACCESS, OCF_ERR_PERM)."""

    s_code = 2
    ocf_code = 4


class BadHost(PluginError):
    """This device cannot switch that host (S_BADHOST)."""

    s_code = 4


class ResetFailed(PluginError):
    """The device says that it could not do it (S_RESETFAIL)."""

    s_code = 5


class TimedOut(PluginError):
    """No answer in time: the outcome is unknown (S_TIMEOUT)."""

    s_code = 6


class Unreachable(PluginError):
    """The device or service could not be reached at all, so nothing was asked of it (S_ACCESS)."""

    s_code = 2


class OutletOff(PluginError):
    """The order needs an outlet that is on, and it is off (S_ISOFF)."""

    s_code = 7


class Unsupported(PluginError):
    """This plugin has no such operation: an ssh device cannot switch on (S_INVAL, OCF_ERR_UNIMPLEMENTED)."""

    s_code = 3
    ocf_code = 3


class NotInstalled(PluginError):
    """A program or kernel feature that this plugin needs is missing on this host (OCF_ERR_INSTALLED)."""

    ocf_code = 5
