"""heartbeat: the cluster manager that keeps a service alive when a machine dies."""
