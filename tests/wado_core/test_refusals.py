"""Every refusal of an object names the element and the clause, as its text is all that the person who asked gets to see."""

import ast
from collections.abc import Iterator
from pathlib import Path

import wado_core
from tests.bad_data.trial import NAMES_TAG_AND_CLAUSE

PACKAGES = ("dicom", "codecs", "rendering")
REFUSALS = {"DamagedObject", "NotSupported", "LimitExceeded"}

OF_NO_OBJECT = {
    "The decoder of this transfer syntax cannot be started now.",
    "The deadline has passed.",
}
"""Texts about the server, not about what it was given."""


def raised() -> Iterator[tuple[str, int, ast.expr]]:
    """Yield file, line and first argument of each refusal that is made in the packages that read objects."""
    for package in PACKAGES:
        for path in sorted((Path(wado_core.__file__).parent / package).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSALS and node.args:
                    yield f"{package}/{path.name}", node.lineno, node.args[0]


def text_of(node: ast.expr) -> str | None:
    """Return a text as it is written, with a tag and a clause for what is filled in under a name of its own; None for a mere name."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if not isinstance(node, ast.JoinedStr):
        return None
    parts = []
    for part in node.values:
        written = ast.unparse(part)
        if isinstance(part, ast.FormattedValue) and part.format_spec is not None and "04X" in ast.unparse(part.format_spec):
            parts.append("6000")
        elif isinstance(part, ast.Constant):
            parts.append(str(part.value))
        elif "name_of(" in written or "tag" in written.lower():
            parts.append("(7FE0,0010)")
        elif "clause" in written.lower():
            parts.append("PS3.5 8.2")
        else:
            parts.append("1")
    return "".join(parts)


def test_texts_name_tag_and_clause() -> None:
    missing = []
    for file, line, argument in raised():
        text = text_of(argument)
        if text is not None and text not in OF_NO_OBJECT and not NAMES_TAG_AND_CLAUSE.search(text):
            missing.append(f"{file}:{line}: {text}")
    assert not missing, "\n".join(missing)


def test_refusals_are_found() -> None:
    """Otherwise the test above would say nothing."""
    texts = [text_of(argument) for _, _, argument in raised()]
    assert sum(text is not None for text in texts) > 40
