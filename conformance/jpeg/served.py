"""T5 on what is served: pictures of DICOM objects as image/jpeg, against the same pictures as image/png."""

from functools import cache

import wado_core
from conformance.jpeg.libjpeg_reader import read_back
from conformance.jpeg.pictures import SOURCES, path_of, rendered
from conformance.jpeg.streams import read_stream
from conformance.jpeg.transform import Figures, compare_with_exact, components_of, transform

SERVED_QUALITIES = (1, 10, 50, 75, 89, 90, 95, 100)

_NAMES = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0"}


@cache
def served(quality: int) -> tuple[Figures, frozenset[str]]:
    """Render every object at a quality; return the figures, and how the chroma of colour ones is subsampled.

    The way of the server: from stored cells through the window into the transform, without a picture in between.
    """
    figures, subsamplings = Figures(), set()
    for name in SOURCES:
        data = wado_core.render(path_of(name), media_type="image/jpeg", quality=quality)
        frame = read_stream(data).only_frame
        subsampling = _NAMES[frame.components[0].horizontal, frame.components[0].vertical]
        if len(frame.components) == 3:
            subsamplings.add(subsampling)
        components = components_of(rendered(name), subsampling)
        for (found, table), component in zip(read_back(data), components, strict=True):
            figures += compare_with_exact(found, transform(component), table)
    return figures, frozenset(subsamplings)
