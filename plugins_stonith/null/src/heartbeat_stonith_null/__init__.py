"""STONITH that says yes to everything, for tests only."""
