"""Adapters of the ports: files on disk, the index in SQLite, caches in memory."""
