"""STONITH with a Night/Ware RPC100S: one outlet on a serial port, which takes orders and cannot be asked."""

from heartbeat_stonith_rpc100s.device import NwRpc100s

__all__ = ["NwRpc100s"]
