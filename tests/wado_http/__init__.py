"""Tests of the HTTP layer, without a file or a pixel: the services are doubles (`doubles.py`)."""
