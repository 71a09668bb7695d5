"""What the chart page shows of the cards that a service sends."""

from typing import Any

import pytest

from sandbox import cards

LAUNCH = "https://gateway.example/launch"
CARD: dict[str, Any] = {
    "uuid": "4e0a3a1e-3ebd-4575-ae68-028d2d84d505",
    "summary": "An answer is here.",
    "indicator": "warning",
    "source": {"label": "Confer"},
    "links": [{"label": "Read", "url": LAUNCH, "type": "smart", "appContext": "sealed"}],
    "overrideReasons": [{"code": "later", "display": "Later", "system": "s"}],
}


def _read(*found: Any) -> list[cards.ShownCard]:
    return cards.read(found, service_id="s", launch=lambda url: url == LAUNCH)


def test_a_card_is_shown_with_its_level_link_and_reasons() -> None:
    (shown,) = _read(CARD)
    assert (shown.summary, shown.level, shown.source) == (
        "An answer is here.",
        "Attention",
        "Confer",
    )
    assert [(link.label, link.app_context) for link in shown.links] == [("Read", "sealed")]
    assert shown.reasons == (("later", "Later"),)


@pytest.mark.parametrize(
    "wrong",
    [
        {"summary": None},
        {"indicator": "hard-stop"},
        {"indicator": None},
        {"source": "Confer"},
    ],
)
def test_a_card_without_words_level_or_source_is_left_out(wrong: dict[str, Any]) -> None:
    assert _read({**CARD, **wrong}) == []


@pytest.mark.parametrize(
    "link",
    [
        {"type": "absolute", "url": LAUNCH},
        {"type": "smart", "url": "https://evil.example/launch"},
        {"type": "smart"},
        "link",
    ],
)
def test_only_the_launch_url_of_a_registered_app_becomes_a_link(link: Any) -> None:
    (shown,) = _read({**CARD, "links": [link]})
    assert shown.links == ()


def test_long_words_are_cut_and_odd_lists_are_passed_over() -> None:
    (shown,) = _read({**CARD, "summary": "x" * 500, "links": None, "overrideReasons": {}})
    assert len(shown.summary) == 140
    assert (shown.links, shown.reasons) == ((), ())
