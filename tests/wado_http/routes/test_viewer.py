"""The viewer: what its pages show and link to, and that nothing in an object becomes markup (A3.13)."""

import html
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest

from tests.wado_http.doubles import CT, ECG, SERIES, STUDY, US10, Board, Catalogue, archive_of, serving, study
from wado_core.model.index_status import IndexStatus, Phase, Progress
from wado_core.model.sheet import COLUMNS, THUMBNAIL_EDGE, Tile, TileList, place_of
from wado_core.model.study import InstanceSummary, SeriesSummary, Totals
from wado_core.model.uid import InstanceKey
from wado_core.services.browsing import MOST_SERIES
from wado_http.viewer.pages import INSTANCES_ON_A_PAGE, SERIES_ON_A_PAGE, stylesheet

HOSTILE = ("<script>alert(1)</script>", '"onerror="alert(1)', "'><img src=x onerror=alert(1)>", "{{ 7 * 7 }}", "</style><b>")


def series(
    modality: str = "CT", number: int | None = 3, description: str = "Thorax", frames: int = 1, has_picture: bool = True
) -> SeriesSummary:
    """Build a series as listed."""
    return SeriesSummary(SERIES, modality, number, description, 42, InstanceSummary(CT.key, 1, frames, has_picture))


def links(page: str, attribute: str) -> list[str]:
    """Return the values of all ``href`` or ``src`` attributes."""
    return [unescape(value) for value in re.findall(rf'{attribute}="([^"]*)"', page)]


def test_a_study_and_its_series() -> None:
    listed = study(
        "Yamada^Tarou=山田^太郎", (series(),), patient_id="P-1", study_date="20240131", study_description="Routine", accession_number="A77"
    )
    with serving(catalogue=Catalogue([listed])) as client:
        response = client.get("/")
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert response.headers["cache-control"] == "no-store"
        for text in ("Yamada, Tarou / 山田, 太郎", "P-1", "2024-01-31", "Routine", "A77", "CT", "series 3", "Thorax", "42 instances"):
            assert text in response.text
        [sheet] = links(response.text, "src")
        name = TileList((Tile(CT.key, 1),)).name
        assert sheet == f"/thumbnails?studyUID={STUDY}&offset=0&limit=12&size=128&list={name}"
        assert 'class="x0 y0"' in response.text
        picture = f"/wado?requestType=WADO&studyUID={STUDY}&seriesUID={SERIES}&objectUID={CT.key.object_uid}"
        assert picture in links(response.text, "href")
        assert f"/series?studyUID={STUDY}&seriesUID={SERIES}" in links(response.text, "href")
        assert 'loading="lazy"' in response.text


def test_sheets_and_links_answer_what_browsers_send() -> None:
    image = {"accept": "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"}
    page = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    multi = SeriesSummary(SERIES, "US", 1, "", 1, InstanceSummary(US10.key, 1, 10, True, 5))
    other = SeriesSummary(SERIES, "ECG", 2, "", 1, InstanceSummary(ECG.key, 1, 1, False))
    catalogue = Catalogue([study(series=(series(), multi, other))], [InstanceSummary(CT.key, 1, 1, True)])
    archive = archive_of(CT, US10, ECG)
    with serving(archive, catalogue) as client:
        text = client.get("/", headers=page).text
        sheets = links(text, "src")
        assert len(sheets) == 2
        assert len(set(sheets)) == 1
        assert client.get(sheets[0], headers=image).headers["content-type"] == "image/jpeg"
        assert [(plan.frame_number, plan.rows, plan.columns) for plan in archive.requests] == [(1, 128, 128), (5, 128, 128), (1, 128, 128)]
        for address in links(text, "href"):
            assert client.get(address, headers=page).status_code == 200
        assert "No picture" in text


class Outline(HTMLParser):
    """What a browser makes of a page: its tags with the names of their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def outline_of(text: str) -> Outline:
    """Return the outline of a page on which every attribute of the study and its series is ``text``."""
    listed = study(text, (series(text, 1, text),), patient_id=text, study_date=text, study_description=text, accession_number=text)
    with serving(catalogue=Catalogue([listed])) as client:
        return Outline(client.get("/").text)


@pytest.mark.parametrize("text", HOSTILE)
def test_object_text_never_becomes_markup(text: str) -> None:
    outline = outline_of(text)
    assert outline.tags == outline_of("harmless").tags
    assert outline.text.count(text) == (6 if "=" in text else 7)  # a person name is taken apart at "="


def test_the_policy_forbids_scripts() -> None:
    with serving() as client:
        assert client.get("/").headers["content-security-policy"].startswith("default-src 'none'; img-src 'self'; style-src 'self'")
        page = client.get("/").text
        assert "<script" not in page
        assert "style=" not in page


def test_what_could_not_be_shown_is_counted() -> None:
    with serving(catalogue=Catalogue(counts=Totals(1, 2, 3, 8, 4, 1))) as client:
        text = " ".join(client.get("/").text.split())
        assert "1 study, 2 series, 3 instances in 8 files; 4 not DICOM; <strong>1 damaged</strong>" in text
        assert " (<code>wado index --report</code> names it)." in text
    with serving(catalogue=Catalogue(counts=Totals(0, 0, 0, 1, 0, 0))) as client:
        text = " ".join(client.get("/").text.split())
        assert "0 studies, 0 series, 0 instances in 1 file." in text
        assert "There is nothing here" in text


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, None),
        (IndexStatus(Phase.WAITING, complete=True), None),
        (IndexStatus(Phase.STARTING), "0 files seen, 0 objects so far."),
        (IndexStatus(Phase.INDEXING, counts=Progress(files_seen=12345, instances=8000)), "12,345 files seen, 8,000 objects so far."),
        (IndexStatus(Phase.INDEXING, complete=True, counts=Progress(files_seen=1, instances=1)), "1 file seen, 1 object so far."),
    ],
    ids=["no indexer", "done", "starting", "first look", "another look"],
)
def test_the_page_says_how_far_the_indexing_is(status: IndexStatus | None, expected: str | None) -> None:
    with serving(indexer=None if status is None else Board(status)) as client:
        text = " ".join(client.get("/").text.split())
    assert "does not get on" not in text
    if expected is None:
        assert "Indexing" not in text
        assert "There is nothing here: no DICOM object" in text
    else:
        assert f"Indexing: {expected}" in text
        assert "There is nothing here yet." in text


def test_the_page_says_why_the_indexing_does_not_get_on() -> None:
    with serving(indexer=Board(IndexStatus(Phase.WAITING, complete=True, trouble="The disk is <full>."))) as client:
        assert "Indexing does not get on: The disk is &lt;full&gt;." in client.get("/").text


def test_studies_are_paged() -> None:
    catalogue = Catalogue([study(f"Patient{number:02}") for number in range(26)])
    with serving(catalogue=catalogue) as client:
        first, second = client.get("/").text, client.get("/?page=2").text
        assert "Patient24" in first
        assert "Patient25" not in first
        assert "/?page=2" in links(first, "href")
        assert 'rel="prev"' not in first
        assert "Patient25" in second
        assert "Patient24" not in second
        assert "/" in links(second, "href")
        assert 'rel="next"' not in second
        beyond = client.get("/?page=3")
        assert beyond.status_code == 404
        assert "There is no such page." in beyond.text
    with serving(catalogue=Catalogue(catalogue.study_list[:25])) as client:
        assert "<nav" not in client.get("/").text


def test_series_of_a_study_are_paged() -> None:
    many = replace(study(), series=tuple(series(number=number) for number in range(61)), series_total=61)
    with serving(catalogue=Catalogue([many])) as client:
        first, second = client.get(f"/study?studyUID={STUDY}"), client.get(f"/study?studyUID={STUDY}&page=2")
        assert "series 59<" in first.text
        assert "series 60<" not in first.text
        assert f"/study?studyUID={STUDY}&page=2" in links(first.text, "href")
        assert "series 60<" in second.text
        assert 'rel="next"' not in second.text
        assert client.get(f"/study?studyUID={STUDY}&page=3").status_code == 404
        assert client.get("/study?studyUID=1.2.99").status_code == 404
        assert client.get("/study").status_code == 400
    with serving(catalogue=Catalogue([replace(many, series=many.series[:12])])) as client:
        page = client.get("/").text
        assert f"/study?studyUID={STUDY}" in links(page, "href")
        assert "All 61 series" in page


def test_a_series_and_its_instances() -> None:
    listed = [
        InstanceSummary(CT.key, 7, 1, True),
        InstanceSummary(US10.key, None, 10, True, 5),
        InstanceSummary(ECG.key, 9, 1, False),
    ]
    with serving(catalogue=Catalogue(instance_list=listed)) as client:
        text = client.get(f"/series?studyUID={STUDY}&seriesUID={SERIES}").text
        assert "Instance 7" in text
        assert f"Instance {US10.key.object_uid}" in text
        (frames,) = re.findall(r'href="([^"]+)">10 frames<', text)
        assert client.get(html.unescape(frames)).headers["content-type"] == "image/jpeg"
        assert [f"frameNumber={number}" in text for number in (1, 5)] == [False, True]
        assert re.findall(r'class="x(\d) y(\d)"', text) == [("0", "0"), ("1", "0")]
        assert sum("contentType=application/dicom" in address for address in links(text, "href")) == 4
        for address in links(text, "href") + links(text, "src"):
            assert client.get(address).status_code == 200


def test_instances_are_paged_by_the_hundred() -> None:
    listed = [InstanceSummary(InstanceKey(STUDY, SERIES, f"1.{number}"), number, 1, True) for number in range(1, 202)]
    address = f"/series?studyUID={STUDY}&seriesUID={SERIES}"
    with serving(catalogue=Catalogue(instance_list=listed)) as client:
        pages = [client.get(address).text, *(client.get(f"{address}&page={number}").text for number in (2, 3))]
        assert [page.count("<img") for page in pages] == [100, 100, 1]
        assert [len(set(links(page, "src"))) for page in pages] == [1, 1, 1]
        cells = re.findall(r'class="x(\d) y(\d)"', pages[1])
        assert cells == [(str(number % 10), str(number // 10)) for number in range(100)]
        assert f"{address}&page=2" in links(pages[0], "href")
        assert {address, f"{address}&page=3"} <= set(links(pages[1], "href"))
        assert 'rel="next"' not in pages[2]
        assert client.get(f"{address}&page=4").status_code == 404


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/?page=0", 400), ("/?page=x", 400), ("/?page=", 400), ("/?page=1&page=2", 400), ("/?page=1000001", 400), ("/?foo=1", 200),
        ("/series", 400), ("/series?studyUID=1.2", 400), ("/series?studyUID=1.2&seriesUID=x", 400),
        ("/series?studyUID=1.2&seriesUID=1.3", 404),
        ("/nowhere", 404), ("/wado/", 404), ("/static/", 404), ("/static/../app.py", 404),
    ],
)  # fmt: skip
def test_wrong_addresses(address: str, status: int) -> None:
    with serving() as client:
        assert client.get(address).status_code == status


def test_unknown_addresses_are_explained() -> None:
    with serving() as client:
        assert "There is nothing at this address." in client.get("/nowhere").text


def test_the_style_sheet_knows_every_cell_of_a_sheet() -> None:
    css = stylesheet().decode()
    assert COLUMNS <= 10
    for number in range(max(INSTANCES_ON_A_PAGE, SERIES_ON_A_PAGE, MOST_SERIES)):
        left, top = place_of(number, THUMBNAIL_EDGE)
        assert f".x{number % COLUMNS} {{ --x: {-left}px; }}" in css
        assert f".y{number // COLUMNS} {{ --y: {-top}px; }}" in css


def test_the_style_sheet() -> None:
    with serving() as client:
        response = client.get("/static/viewer.css")
        assert response.headers["content-type"] == "text/css; charset=utf-8"
        assert "prefers-color-scheme: dark" in response.text
        again = client.get("/static/viewer.css", headers={"if-none-match": response.headers["etag"]})
        assert again.status_code == 304
        assert "/static/viewer.css" in links(client.get("/").text, "href")
