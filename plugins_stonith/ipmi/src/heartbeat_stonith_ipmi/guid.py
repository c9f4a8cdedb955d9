"""The GUID of a machine as its controller tells it: sixteen bytes, in one of the three orders that controllers use."""

import uuid

_SAYS_NOTHING = (bytes(16), bytes([0xFF] * 16))
"""No identity is set (SMBIOS, DSP0134 7.2.1)."""


def machine_of(told: bytes) -> str:
    """Return the UUID that firmware and operating system show; empty when the bytes are none.

    The order of IPMI 2.0 (20.8) is that of RFC 4122 from end to beginning; most controllers pass on what SMBIOS holds,
    with the first three fields in little-endian. Version and variant show which it is, as ipmitool looks at them.
    """
    if len(told) != 16 or told in _SAYS_NOTHING:
        return ""
    readings = (uuid.UUID(bytes_le=told), uuid.UUID(bytes=told[::-1]), uuid.UUID(bytes=told))
    return str(next((it for it in readings if it.variant == uuid.RFC_4122 and it.version in range(1, 6)), readings[0]))
