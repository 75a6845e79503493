"""The path that the application is mounted at, in all that names addresses: decoded as ASGI gives it, it may hold any character."""

import json
from typing import Any, cast

import pytest

from tests.wado_http.doubles import CT, US10, Archive, archive_of, query, serving
from wado_http.mounting import mount_path

OF_US10 = f"studyUID={US10.key.study_uid}&seriesUID={US10.key.series_uid}&objectUID={US10.key.object_uid}"


@pytest.mark.parametrize(
    ("root_path", "written"),
    [
        ("", ""),
        ("/hospital/a-b_c.d~e", "/hospital/a-b_c.d~e"),
        ("/é", "/%C3%A9"),
        ("/影像", "/%E5%BD%B1%E5%83%8F"),
        ("/a b%20\"'<&>?#\n", "/a%20b%2520%22%27%3C%26%3E%3F%23%0A"),
        ("/\udcff", "/%3F"),
    ],
)
def test_the_path_is_written_as_addresses_are(root_path: str, written: str) -> None:
    assert mount_path({"root_path": root_path}) == written


def test_without_a_path() -> None:
    assert mount_path({}) == ""


@pytest.mark.parametrize("light", [True, False])
def test_every_answer_below_a_path_of_any_characters(light: bool) -> None:
    archive: Archive = archive_of(CT, US10, light_too=light, warnings=("A tag is broken.",))
    with serving(archive) as client:
        cast("Any", client.http)._transport.root_path = "/影像"
        before = "/%E5%BD%B1%E5%83%8F"
        picture = client.get(query(CT))
        assert picture.status_code == 200
        assert picture.headers["content-location"].startswith(f"{before}/wado?")
        assert picture.headers["warning"] == f"299 http://localhost:8080{before}/wado: A tag is broken."
        assert client.get(f"/thumbnail?{OF_US10}").headers["content-location"].startswith(f"{before}/thumbnail?")
        told = json.loads(client.get(f"/thumbnails?{OF_US10}&contentType=application/json").content)
        assert told["sheet"].startswith(f"{before}/thumbnails?")
        assert f'href="{before}/' in client.get("/").text
