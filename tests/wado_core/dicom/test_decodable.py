"""What frames are decoded as, or why they are not, before any decoder sees a byte (H1.6, A8.4)."""

from dataclasses import replace
from typing import Any

import pytest

from tests.wado_core.codecs.pixels import pixel
from wado_core.dicom.decodable import LONGEST_EDGE, decodable_pixel
from wado_core.errors import DamagedObject, LimitExceeded, NotSupported
from wado_core.model.image_pixel import CodeStream
from wado_core.model.instance import Instance
from wado_core.model.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN, JPEG_2000
from wado_core.model.uid import InstanceKey
from wado_core.settings import Limits


def instance(**traits: Any) -> Instance:
    made = Instance(InstanceKey("1.2", "1.3", "1.4"), "1.5", EXPLICIT_VR_LITTLE_ENDIAN, "v", image_pixel=pixel(40, 60))
    return replace(made, **traits)


def test_without_a_code_stream_the_header_counts() -> None:
    assert decodable_pixel(instance(), Limits()) == pixel(40, 60)


def test_the_code_stream_wins_over_rows_and_columns() -> None:
    found = decodable_pixel(instance(transfer_syntax_uid=JPEG_2000, code_stream=CodeStream(30, 50, 1, 12)), Limits())
    assert found == pixel(30, 50)


@pytest.mark.parametrize(
    ("traits", "error"),
    [
        ({"image_pixel": None}, NotSupported),
        ({"image_pixel": None, "image_problem": "Float pixels."}, NotSupported),
        ({"image_problem": "Too short."}, DamagedObject),
        ({"transfer_syntax_uid": "1.2.3.4"}, NotSupported),
        ({"code_stream": CodeStream(4, 4, 2, 8, problem="The stream holds 2 components.")}, NotSupported),
        ({"image_pixel": replace(pixel(4, 4), bits_allocated=4, bits_stored=4, high_bit=3)}, NotSupported),
        ({"image_pixel": replace(pixel(4, 4), bits_allocated=12)}, NotSupported),
        ({"image_pixel": replace(pixel(4, 4), bits_allocated=24)}, NotSupported),
        ({"code_stream": CodeStream(0, 60, 1, 8)}, DamagedObject),
        ({"code_stream": CodeStream(40, 0, 1, 8)}, DamagedObject),
        ({"code_stream": CodeStream(LONGEST_EDGE + 1, 1, 1, 8)}, DamagedObject),
        ({"code_stream": CodeStream(1, 2**32 - 1, 1, 8)}, DamagedObject),
        ({"code_stream": CodeStream(LONGEST_EDGE, LONGEST_EDGE, 1, 8)}, LimitExceeded),
        ({"image_pixel": pixel(LONGEST_EDGE, LONGEST_EDGE)}, LimitExceeded),
    ],
)
def test_refusals(traits: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        decodable_pixel(instance(**traits), Limits())


def test_the_limit_is_one_of_pixels() -> None:
    assert decodable_pixel(instance(), Limits(frame_pixels=2400)) == pixel(40, 60)
    with pytest.raises(LimitExceeded):
        decodable_pixel(instance(), Limits(frame_pixels=2399))
