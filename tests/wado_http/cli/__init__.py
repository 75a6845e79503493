"""Tests of the command line, through the installed script where it matters."""
