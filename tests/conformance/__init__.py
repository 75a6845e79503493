"""Conformance: the requirements checked from outside, over HTTP, against the server as it is installed."""
