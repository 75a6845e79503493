"""How names and dates are written for reading."""

import pytest

from wado_http.viewer.pages import date, page_of, person


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("DOE^JOHN", "DOE, JOHN"),
        ("Adams^John Robert Quincy^^Rev.^B.A. M.Div.", "Adams, John Robert Quincy Rev. B.A. M.Div."),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou / 山田, 太郎 / やまだ, たろう"),
        ("=王^小东", "王, 小东"),
        ("^Cher", "Cher"),
        ("Smith ^ Anna ", "Smith, Anna"),
        ("", ""),
        ("^^==", ""),
    ],
)
def test_person_names(name: str, written: str) -> None:
    """PS3.5 6.2.1."""
    assert person(name) == written


@pytest.mark.parametrize(("text", "written"), [("20240131", "2024-01-31"), ("2024.01.31", "2024.01.31"), ("", ""), ("2024", "2024")])
def test_dates(text: str, written: str) -> None:
    assert date(text) == written


@pytest.mark.parametrize(("number", "items", "has_next"), [(1, (0, 1, 2), True), (2, (3, 4, 5), False), (3, (), False)])
def test_pages(number: int, items: tuple[int, ...], has_next: bool) -> None:
    everything = tuple(range(6))
    page = page_of(lambda offset, limit: everything[offset : offset + limit], number, 3)
    assert (page.items, page.number, page.has_next) == (items, number, has_next)
