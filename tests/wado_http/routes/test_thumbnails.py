"""/thumbnail and /thumbnails: what is asked, what stands for what, and the caching of both (docs/adr/0023)."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.wado_http.doubles import CT, ECG, MTIME_S, SERIES, STUDY, US10, Archive, Catalogue, Client, archive_of, query, serving, study
from wado_core.errors import DamagedObject, Unavailable
from wado_core.model.render import RenderPlan
from wado_core.model.study import InstanceSummary, SeriesSummary
from wado_core.settings import Limits, Settings

OF_STUDY = f"studyUID={STUDY}"
OF_SERIES = f"{OF_STUDY}&seriesUID={SERIES}"
OF_CT = f"{OF_SERIES}&objectUID={CT.key.object_uid}"
OF_US10 = f"{OF_SERIES}&objectUID={US10.key.object_uid}"

LISTED = [InstanceSummary(CT.key, 1, 1, True), InstanceSummary(US10.key, 2, 10, True, 5), InstanceSummary(ECG.key, 3, 1, False)]
SHOWN = SeriesSummary(SERIES, "CT", 1, "", 3, LISTED[1])


def catalogue() -> Catalogue:
    return Catalogue([study(series=(SHOWN,))], list(LISTED), frozenset({"1.2.9"}))


@contextmanager
def served(archive: Archive | None = None, listed: Catalogue | None = None, settings: Settings | None = None) -> Iterator[Client]:
    with serving(archive or archive_of(CT, US10, ECG), listed or catalogue(), settings) as client:
        yield client


class TestThumbnail:
    @pytest.mark.parametrize(("of", "frame"), [(OF_STUDY, US10), (OF_SERIES, US10), (OF_CT, CT), (OF_US10, US10)])
    def test_what_stands_for_what(self, of: str, frame: Any) -> None:
        with served() as client:
            answer = client.get(f"/thumbnail?{of}")
            number = frame.representative_frame
            assert (answer.status_code, answer.text) == (200, f"image/jpeg of {frame.key.object_uid} frame {number}")
            assert answer.headers["content-type"] == "image/jpeg"
            assert answer.headers["cache-control"] == "private, max-age=3600"
            assert "Accept" in answer.headers["vary"]
            named = f"/thumbnail?{OF_SERIES}&objectUID={frame.key.object_uid}&size=128&contentType=image/jpeg"
            assert answer.headers["content-location"] == named
            assert client.get(named).headers["etag"] == answer.headers["etag"]

    def test_it_is_the_picture_that_wado_makes_and_shares_its_caches(self) -> None:
        archive = archive_of(CT, US10)
        with served(archive) as client:
            pictures = [client.get(query(CT, "&rows=64&columns=64")), client.get(f"/thumbnail?{OF_CT}&size=64")]
            assert pictures[0].headers["etag"] == pictures[1].headers["etag"]
            frames = [client.get(query(US10, "&rows=128&columns=128&frameNumber=5")), client.get(f"/thumbnail?{OF_US10}")]
            assert frames[0].headers["etag"] == frames[1].headers["etag"]
        assert archive.calls.count("image") == 2
        assert archive.requests[-1].thumbnail  # H3.6: no profile, however small the image

    def test_a_client_that_has_it_gets_304_before_a_pixel_is_read(self) -> None:
        archive = archive_of(CT, US10)
        with served(archive) as client:
            etag = client.head(f"/thumbnail?{OF_STUDY}").headers["etag"]
            answer = client.get(f"/thumbnail?{OF_STUDY}", {"if-none-match": etag})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == etag
        assert "image" not in archive.calls

    def test_only_a_named_object_has_a_time(self) -> None:
        """Another object of a series may be chosen within the second of a file's time."""
        with served() as client:
            assert client.get(f"/thumbnail?{OF_CT}").headers["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
            assert MTIME_S == 1_700_000_000
            since = {"if-modified-since": "Tue, 14 Nov 2023 22:13:20 GMT"}
            assert client.get(f"/thumbnail?{OF_CT}", since).status_code == 304
            assert "last-modified" not in client.get(f"/thumbnail?{OF_SERIES}").headers
            assert client.get(f"/thumbnail?{OF_SERIES}", since).status_code == 200

    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            ("", 400), ("seriesUID=1.2", 400), (f"{OF_STUDY}&objectUID=1.2", 400), ("studyUID=x", 400), (f"{OF_STUDY}&size=7", 400),
            (f"{OF_STUDY}&size=257", 400), (f"{OF_STUDY}&size=", 400), (f"{OF_STUDY}&size=8&size=8", 400), (f"{OF_STUDY}&size=8", 200),
            (f"{OF_STUDY}&size=256", 200), (f"{OF_STUDY}&foo=1", 200), ("studyUID=1.2.8", 404), ("studyUID=1.2.9", 410),
            (f"{OF_STUDY}&seriesUID=1.2.8", 404), (f"{OF_SERIES}&objectUID=1.2.8", 404),
            (f"{OF_SERIES}&objectUID={ECG.key.object_uid}", 406), (f"{OF_CT}&contentType=image/png", 406),
            (f"{OF_CT}&contentType=image/png,image/jpeg", 200),
        ],
    )  # fmt: skip
    def test_statuses(self, asked: str, status: int) -> None:
        with served() as client:
            assert client.get(f"/thumbnail?{asked}").status_code == status

    def test_accept_and_methods(self) -> None:
        with served() as client:
            assert client.get(f"/thumbnail?{OF_CT}", {"accept": "image/png"}).status_code == 406
            assert client.get(f"/thumbnail?{OF_CT}", {"accept": "image/*"}).status_code == 200
            assert client.request("POST", f"/thumbnail?{OF_CT}").status_code == 405

    def test_a_file_that_has_changed_is_looked_up_again_once(self) -> None:
        archive = archive_of(CT, US10, changed=1)
        with served(archive) as client:
            assert client.get(f"/thumbnail?{OF_CT}").status_code == 200
        assert "relocate" in archive.calls
        with served(archive_of(CT, US10, changed=2)) as client:
            answer = client.get(f"/thumbnail?{OF_CT}")
            assert answer.status_code == 503
            assert "retry-after" in answer.headers


def map_of(client: Client, of: str) -> dict[str, Any]:
    answer = client.get(f"/thumbnails?{of}", {"accept": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    said: dict[str, Any] = json.loads(answer.content)
    return said


class TestSheet:
    def test_the_map_says_what_lies_where(self) -> None:
        with served() as client:
            said = map_of(client, f"{OF_SERIES}&size=64")
            answer = client.get(said["sheet"])
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
            sheet = Image.open(BytesIO(answer.content))
            assert sheet.size == (said["width"], said["height"]) == (192, 64)
            assert said["next"] is None
            assert [(tile["objectUID"], tile["frameNumber"]) for tile in said["tiles"]] == [
                (CT.key.object_uid, 1), (US10.key.object_uid, 5), (ECG.key.object_uid, 1),
            ]  # fmt: skip
            assert {tile["seriesUID"] for tile in said["tiles"]} == {SERIES}
            for tile in said["tiles"][:2]:
                box = (tile["x"], tile["y"], tile["x"] + tile["width"], tile["y"] + tile["height"])
                assert np.asarray(sheet.crop(box)).min() > 180  # the double draws 200
            assert "problem" in said["tiles"][2]
            assert "x" not in said["tiles"][2]

    def test_frames_of_an_object_in_parts(self) -> None:
        with served() as client:
            said = map_of(client, f"{OF_US10}&limit=4")
            numbers = []
            while said["next"]:
                numbers += [tile["frameNumber"] for tile in said["tiles"]]
                said = json.loads(client.get(said["next"]).content)
            numbers += [tile["frameNumber"] for tile in said["tiles"]]
            assert numbers == list(range(1, 11))
            assert client.get(f"/thumbnails?{OF_US10}&offset=10").status_code == 404

    def test_of_a_study_one_tile_for_each_series(self) -> None:
        with served() as client:
            assert [tile["objectUID"] for tile in map_of(client, OF_STUDY)["tiles"]] == [US10.key.object_uid]

    def test_sheet_and_map_have_tags_of_their_own_and_304_needs_no_pixel(self) -> None:
        archive = archive_of(CT, US10, ECG)
        with served(archive) as client:
            tags = {}
            for accept in ("image/jpeg", "application/json"):
                answer = client.get(f"/thumbnails?{OF_SERIES}", {"accept": accept})
                tags[accept] = answer.headers["etag"]
                assert accept.rpartition("/")[2] in answer.headers["content-location"]
                assert client.get(answer.headers["content-location"]).content == answer.content
            assert len(set(tags.values())) == 2
            archive.calls.clear()
            for accept, etag in tags.items():
                assert client.get(f"/thumbnails?{OF_SERIES}", {"accept": accept, "if-none-match": etag}).status_code == 304
                assert client.head(f"/thumbnails?{OF_SERIES}", {"accept": accept}).headers["etag"] == etag
            assert "pixels" not in archive.calls

    def test_a_sheet_that_is_kept_is_not_drawn_again(self) -> None:
        archive = archive_of(CT, US10, ECG)
        with served(archive) as client:
            first, second = client.get(f"/thumbnails?{OF_SERIES}"), client.get(f"/thumbnails?{OF_SERIES}")
            assert first.content == second.content
            assert archive.calls.count("pixels") == 2

    def test_head_tells_what_is_known_without_drawing(self) -> None:
        archive = archive_of(CT, US10, ECG)
        with served(archive) as client:
            assert "content-length" not in client.head(f"/thumbnails?{OF_SERIES}").headers
            length = len(client.get(f"/thumbnails?{OF_SERIES}").content)
            assert client.head(f"/thumbnails?{OF_SERIES}").headers["content-length"] == str(length)

    def test_only_a_named_list_may_be_kept(self) -> None:
        with served() as client:
            assert client.get(f"/thumbnails?{OF_SERIES}").headers["cache-control"] == "private, max-age=0"
            assert client.get(map_of(client, OF_SERIES)["sheet"]).headers["cache-control"] == "private, max-age=3600"

    def test_a_list_that_has_changed_is_not_found(self) -> None:
        listed = catalogue()
        with served(listed=listed) as client:
            named = map_of(client, OF_SERIES)["sheet"]
            listed.instance_list.insert(0, LISTED[2])
            answer = client.get(named)
            assert answer.status_code == 404
            assert "load the list again" in answer.text

    @pytest.mark.parametrize(("error", "lasting"), [(DamagedObject("Broken."), True), (Unavailable("Away."), False)])
    def test_what_cannot_be_shown_is_named_and_kept_only_if_it_lasts(self, error: Exception, lasting: bool) -> None:
        archive = archive_of(CT, US10, ECG)
        whole = archive.pixels

        def pixels(plan: RenderPlan) -> Any:
            if plan.key == CT.key:
                raise error
            return whole(plan)

        archive.pixels = pixels  # type: ignore[method-assign]
        with served(archive) as client:
            answer, said = client.get(f"/thumbnails?{OF_SERIES}"), map_of(client, OF_SERIES)
            assert said["tiles"][0]["problem"] == str(error)
            assert "problem" not in said["tiles"][1]
            assert ("etag" in answer.headers) is lasting
            assert (answer.headers["cache-control"] == "no-store") is not lasting
            assert archive.calls.count("pixels") == (1 if lasting else 2)

    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            ("", 400), (f"{OF_SERIES}&limit=0", 400), (f"{OF_SERIES}&limit=257", 400), (f"{OF_SERIES}&limit=256&size=256", 200),
            (f"{OF_SERIES}&offset=-1", 400), (f"{OF_SERIES}&size=300", 400), (f"{OF_SERIES}&offset=3", 404), (f"{OF_SERIES}&list=", 400),
            ("studyUID=1.2.8", 404), ("studyUID=1.2.9", 410), (f"{OF_SERIES}&contentType=image/png", 406),
            (f"{OF_SERIES}&contentType=application/json", 200), (f"{OF_STUDY}&objectUID=1.2", 400),
        ],
    )  # fmt: skip
    def test_statuses(self, asked: str, status: int) -> None:
        with served() as client:
            assert client.get(f"/thumbnails?{asked}").status_code == status

    def test_limits_are_settings(self) -> None:
        few = Settings(limits=replace(Limits(), sheet_tiles=2))
        with served(settings=few) as client:
            assert len(map_of(client, OF_SERIES)["tiles"]) == 2
            assert client.get(f"/thumbnails?{OF_SERIES}&limit=3").status_code == 400
        small = Settings(limits=replace(Limits(), picture_edge=256))
        with served(settings=small) as client:
            assert client.get(f"/thumbnails?{OF_SERIES}&limit=20").status_code == 400

    def test_identical_requests_share_one_drawing_and_one_that_leaves_ends_nothing(self) -> None:
        archive, let_go, begun = archive_of(CT, US10, ECG), threading.Event(), threading.Event()
        whole = archive.pixels

        def pixels(plan: RenderPlan) -> Any:
            begun.set()
            assert let_go.wait(30)
            return whole(plan)

        archive.pixels = pixels  # type: ignore[method-assign]
        with served(archive) as client:

            async def ask() -> list[Any]:
                addresses = [f"/thumbnails?{OF_SERIES}"] * 3 + [f"/thumbnails?{OF_SERIES}&contentType=application/json"]
                tasks = [asyncio.create_task(client.http.get(address)) for address in addresses]
                await asyncio.to_thread(begun.wait, 30)
                await asyncio.sleep(0.05)
                tasks[0].cancel()
                await asyncio.sleep(0.05)
                let_go.set()
                return list(await asyncio.gather(*tasks[1:]))

            answers = client.portal.call(ask)
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert answers[0].content == answers[1].content
        assert archive.calls.count("pixels") == 2
