"""Bytes and back: frames between nodes, messages in them, and the two local protocols (executor, API)."""
