"""Classic resource.d and init.d scripts as heartbeat resources."""
