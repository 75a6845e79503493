"""Tests of wado_core.kernels, file by file."""
