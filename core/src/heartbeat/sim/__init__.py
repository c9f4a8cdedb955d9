"""Simulated time, network, devices and agents around the real kernel: whole clusters in one process."""
