"""What a fresh clone needs before its first command: uv, the locked environment and a few Debian packages."""
