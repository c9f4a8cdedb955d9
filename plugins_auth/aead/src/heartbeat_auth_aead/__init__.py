"""Authenticated encryption for heartbeat: ChaCha20-Poly1305 and AES-256-GCM."""
