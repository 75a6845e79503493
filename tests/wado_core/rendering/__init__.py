"""Tests of wado_core.rendering, file by file."""
