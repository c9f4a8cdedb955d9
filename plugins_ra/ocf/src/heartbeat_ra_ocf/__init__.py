"""OCF resource agents as heartbeat resources."""
