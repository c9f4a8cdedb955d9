"""HMAC authentication for heartbeat: sha1, md5 and the SHA-2 family."""
