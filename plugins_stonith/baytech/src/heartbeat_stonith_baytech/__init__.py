"""STONITH with remote power controllers of Bay Technical Associates, over telnet."""

from heartbeat_stonith_baytech.device import Baytech

__all__ = ["Baytech"]
