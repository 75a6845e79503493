"""Tests of wado_core.dicom, file by file."""
