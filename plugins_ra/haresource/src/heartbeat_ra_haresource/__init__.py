"""Classic resource.d and init.d scripts as heartbeat resources."""

from heartbeat_ra_haresource.script import Script

__all__ = ["Script"]
