"""The HTTP layer of wado: everything that knows about requests, headers and statuses, and nothing about pixels."""
