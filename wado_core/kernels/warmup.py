"""Compile or load every kernel at once: importing the modules does it."""


def warm_up() -> None:
    """Import all kernel modules; seconds when the cache on disk is empty, some hundred milliseconds otherwise."""
    from wado_core.kernels import cells, color, modality, resample, rle, voi  # noqa: F401
