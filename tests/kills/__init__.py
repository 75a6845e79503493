"""Kill -9 of supervisor, workers and indexer at any moment, while files change and requests come: ``python -m tests.kills``."""
