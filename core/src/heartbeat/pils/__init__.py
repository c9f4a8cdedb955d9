"""Plugin and interface loading: what is announced, what loads, what does not and why."""

from heartbeat.pils.registry import PluginRegistry

__all__ = ["PluginRegistry"]
