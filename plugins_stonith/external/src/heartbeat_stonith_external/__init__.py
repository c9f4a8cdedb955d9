"""STONITH with scripts of the kind ``external/*``."""

from heartbeat_stonith_external.device import External

__all__ = ["External"]
