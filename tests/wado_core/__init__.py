"""Tests of the core; the folders mirror the source."""
