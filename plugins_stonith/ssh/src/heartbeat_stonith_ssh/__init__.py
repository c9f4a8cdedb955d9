"""STONITH over ssh, for tests only: a cut network looks like success."""
