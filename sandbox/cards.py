"""Cards as the chart shows them: words, level, links that launch a registered app (pure).

Spec: CDS Hooks 2.0, Card Attributes
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

REASONS = "https://confer.example/fhir/CodeSystem/card-override"
_LEVELS = {"info": "Note", "warning": "Attention", "critical": "Act now"}
_MAX_WORDS = 1000
_MAX_CONTEXT = 2048

Json = Mapping[str, Any]  # Any: JSON of the wire


@dataclass(frozen=True, kw_only=True)
class CardLink:
    """A link that launches the app; `app_context` is carried without a look."""

    label: str
    app_context: str


@dataclass(frozen=True, kw_only=True)
class ShownCard:
    """One card; `level` is a word, `tone` its class on the page."""

    card: str
    service_id: str
    summary: str
    detail: str
    tone: str
    level: str
    source: str
    links: tuple[CardLink, ...]
    reasons: tuple[tuple[str, str], ...]


def read(
    answered: Iterable[Json], *, service_id: str, launch: Callable[[str], bool]
) -> list[ShownCard]:
    """Read cards; one without words or level is left out, and so is a link that is not ours.

    `launch` tells whether an address is the launch URL of a registered app.
    """
    found = [_card(card, service_id, launch) for card in answered]
    return [card for card in found if card is not None]


def _card(card: Json, service_id: str, launch: Callable[[str], bool]) -> ShownCard | None:
    summary, tone = _text(card.get("summary")), _text(card.get("indicator"))
    source = card.get("source")
    if not summary or tone not in _LEVELS or not isinstance(source, dict):
        return None
    return ShownCard(
        card=_text(card.get("uuid")),
        service_id=service_id,
        summary=summary[:140],
        detail=_text(card.get("detail")),
        tone=tone,
        level=_LEVELS[tone],
        source=_text(source.get("label")),
        links=tuple(
            CardLink(
                label=_text(link.get("label")) or "Open",
                app_context=_text(link.get("appContext"))[:_MAX_CONTEXT],
            )
            for link in _objects(card.get("links"))
            if link.get("type") == "smart" and launch(_text(link.get("url")))
        ),
        reasons=tuple(
            (_text(reason.get("code")), _text(reason.get("display")))
            for reason in _objects(card.get("overrideReasons"))
            if reason.get("code") and reason.get("display")
        ),
    )


def _objects(value: object) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value[: max(_MAX_WORDS, _MAX_CONTEXT)] if isinstance(value, str) else ""
