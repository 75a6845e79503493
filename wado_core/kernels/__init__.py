"""Compiled loops over arrays, and nothing else: callers allocate, validate and choose (docs/adr/0004)."""
