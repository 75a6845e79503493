"""Codecs: one file a family, found in one table by transfer syntax or media type. Functions of bytes and arrays."""
