"""Tests of wado_core.model, file by file."""
