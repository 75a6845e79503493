"""Tests of wado_core.codecs, file by file."""
