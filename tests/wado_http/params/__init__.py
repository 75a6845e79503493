"""Tests of `wado_http.params`."""
