"""Tests of `wado_http.viewer`."""
