"""No way of spec deid.md 5 is without tests, and the page that lists them is true."""

from tests.support import fifty_ways


def test_every_way_has_tests() -> None:
    assert sorted(fifty_ways.files_by_row()) == list(range(1, 51))
    assert len(fifty_ways.WAYS) == 50


def test_the_page_of_the_fifty_ways_is_as_the_tests_are() -> None:
    assert fifty_ways.PAGE.read_text(encoding="utf-8") == fifty_ways.page()
