"""Types whose agents cannot say whether they share data, because they are scripts: what is known of them.

A type that stands nowhere here, and whose agent says nothing, counts as sharing: rather no service than corrupt
data. The administrator may say otherwise for one resource (``shares_data RESOURCE no``).
"""

_NO_DATA = """
    IPaddr IPaddr2 IPv6addr IPsrcaddr SendArp Route portblock MailTo Delay AudibleAlarm WinPopup Dummy
    ldirectord haproxy nginx apache apache2 httpd lighttpd
"""
NO_DATA = frozenset(_NO_DATA.split())
"""Addresses, announcements, and servers that keep nothing themselves: what they serve is a resource of its own."""

_DATA = """
    Filesystem LVM LVM-activate Raid1 mdraid ServeRAID ICP LinuxSCSI drbd drbddisk drbdupper datadisk iscsi
    iSCSITarget iSCSILogicalUnit sfex sg_persist ZFS nfsserver exportfs
    db2 mysql mariadb galera pgsql postgresql oracle oralsnr sybaseASE redis mongod slapd
"""
DATA = frozenset(_DATA.split())
"""Devices, mounts, volumes and databases."""

_PROVIDERS = ("heartbeat", "pacemaker", "linbit", "redhat")


def shares_data(word: str) -> bool | None:
    """Return what is known of the type behind a word of haresources; None: nothing."""
    parts = word.split(":")
    if parts[0] == "ocf" and len(parts) == 3 and parts[1] in _PROVIDERS:
        word = parts[2]
    return True if word in DATA else False if word in NO_DATA else None
