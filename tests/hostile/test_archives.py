"""The index that benchmarks fill is one that could have been read from files."""

from contextlib import closing
from pathlib import Path

from benchmarks.archives import INSTANCES, OF_STUDY, SERIES, fill_index, instance_key
from wado_core.archive.index_sql import SqlIndex
from wado_core.dicom.instance import check_key
from wado_core.model.uid import SeriesKey


def test_a_filled_index(tmp_path: Path) -> None:
    with closing(SqlIndex(tmp_path / "state", writing=True)) as index:
        fill_index(index, OF_STUDY + 300)
        fill_index(index, 200, first=OF_STUDY + 300)
        totals = index.totals()
        assert (totals.studies, totals.series, totals.instances, totals.files) == (2, SERIES + 2, OF_STUDY + 500, OF_STUDY + 500)
        paths = set()
        for number in (0, 1, INSTANCES, OF_STUDY - 1, OF_STUDY, OF_STUDY + 499):
            key = instance_key(number)
            check_key(key)
            found = index.find(key)
            assert found is not None
            assert found.instance.key == key
            assert found.instance.image_pixel is not None
            assert found.instance.image_pixel.rows == 512
            paths.add(found.location.path)
        assert len(paths) == 6
        assert index.find(instance_key(OF_STUDY + 500)) is None
        key = instance_key(0)
        listed = index.instances(SeriesKey(key.study_uid, key.series_uid), 0, 1000)
        assert [instance.number for instance in listed] == list(range(1, INSTANCES + 1))
