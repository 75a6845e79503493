"""Compile or load every kernel at once: importing the modules does it."""

from wado_core.kernels.cache import filling


def warm_up() -> None:
    """Import all kernel modules; seconds when the cache on disk is empty, some hundred milliseconds otherwise.

    Where several processes find the cache empty, one fills it while the others wait.
    """
    with filling():
        from wado_core.kernels import cells, color, jpeg, line, modality, overlay, resample, rle, voi  # noqa: F401
