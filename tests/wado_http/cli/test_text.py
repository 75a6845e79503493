"""Text for a terminal."""

import os

from wado_http.cli.text import counted, printable, shown


def test_control_characters_and_undecodable_bytes_are_escaped() -> None:
    assert printable("CT 头部 é\x1b[2J\n\u202e") == "CT 头部 é\\x1b[2J\\n\\u202e"
    assert shown(os.fsencode("a") + b"\xff\n") == "a\\udcff\\n"
    shown(b"\xff").encode("utf-8")  # can be printed


def test_numbers_agree_with_their_nouns() -> None:
    assert counted(1, "file") == "1 file"
    assert counted(0, "file") == "0 files"
    assert counted(1234, "study", "studies") == "1,234 studies"
