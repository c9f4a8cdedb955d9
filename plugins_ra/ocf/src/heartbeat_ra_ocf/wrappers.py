"""The words of heartbeat 3 that meant an OCF agent: its scripts in resource.d were wrappers around these.

``Filesystem::/dev/sdb1::/data::ext3`` called ``resource.d/Filesystem /dev/sdb1 /data ext3 start``, and that script
called the OCF agent with ``OCF_RESKEY_device=/dev/sdb1`` and so on. OCF itself has no order of parameters, so the
order stands here, wrapper by wrapper (heartbeat 3.0.6 and resource-agents).
"""

from collections.abc import Sequence

PROVIDER = "heartbeat"

ORDER: dict[str, tuple[str, ...]] = {
    "AudibleAlarm": ("nodelist",),
    "Delay": ("startdelay", "stopdelay", "mondelay"),
    "Filesystem": ("device", "directory", "fstype", "options"),
    "ICP": ("driveid", "device"),
    "IPsrcaddr": ("ipaddress",),
    "IPv6addr": ("ipv6addr",),
    "LVM": ("volgrpname", "exclusive"),
    "LinuxSCSI": ("scsi",),
    "MailTo": ("email", "subject"),
    "Raid1": ("raidconf", "raiddev"),
    "SendArp": ("ip", "nic"),
    "ServeRAID": ("serveraid", "mergegroup"),
    "WAS": ("config",),
    "WinPopup": ("hostfile",),
    "Xinetd": ("service",),
    "apache": ("configfile",),
    "db2": ("instance",),
    "ids": ("dbname",),
    "portblock": ("protocol", "portno", "action", "ip"),
}
"""Word to the parameters in the order of its arguments. A last one that is missing was not given."""


def in_order(word: str, arguments: Sequence[str]) -> dict[str, str]:
    """Return the parameters of ``word::argument::argument``. Raises ValueError with the form."""
    names = ORDER[word]
    if len(arguments) > len(names):
        form = "::".join([word, *(name.upper() for name in names)])
        raise ValueError(f"takes at most {len(names)} arguments: {form}")
    return {name: value for name, value in zip(names, arguments, strict=False) if value}
