"""JPEG baseline encoding: tables, markers, layout, and the encoder (T.81 process 1)."""
