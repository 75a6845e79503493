"""Routes: one file a service; each turns a request into calls of `wado_core.services` and their results into an answer."""
