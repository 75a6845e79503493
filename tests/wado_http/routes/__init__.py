"""Tests of `wado_http.routes`."""
