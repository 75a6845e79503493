"""Use cases over ports: what the protocol layers call. Synchronous; callers choose where to run them."""
