"""The slow oracle: pictures from the equations of the standard, in exact arithmetic, independent of the product."""

from tests.reference.pipeline import render

__all__ = ["render"]
