"""CRC-32 integrity check for heartbeat: no authentication, for physically secure links."""
