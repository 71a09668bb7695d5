"""Words and times out of FHIR elements, as the chart page prints them (pure)."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

Element = Mapping[str, Any]  # Any: FHIR JSON
_DAY, _MINUTE = 10, 16


def concept(value: object) -> str:
    """The text of a CodeableConcept: its own text, else the first display or code."""
    if not isinstance(value, Mapping):
        return ""
    if value.get("text"):
        return str(value["text"])
    for coding in value.get("coding") or []:
        if coding.get("display") or coding.get("code"):
            return str(coding.get("display") or coding["code"])
    return ""


def codes(value: object) -> frozenset[str]:
    """All codes of a CodeableConcept."""
    if not isinstance(value, Mapping):
        return frozenset()
    return frozenset(str(c["code"]) for c in value.get("coding") or [] if c.get("code"))


def day(text: str | None) -> str:
    """A FHIR date or dateTime as a US day, month or year; what it says and no more."""
    if not text:
        return ""
    parts = text[:_DAY].split("-")
    if len(parts) == 3:
        return f"{parts[1]}/{parts[2]}/{parts[0]}"
    return "/".join(reversed(parts))


def short_day(text: str) -> str:
    """Month and day of a FHIR date."""
    parts = text[:_DAY].split("-")
    return f"{parts[1]}/{parts[2]}" if len(parts) == 3 else text[:_DAY]


def clock(text: str | None) -> str:
    """Hour and minute as the chart wrote them; empty for a date without time."""
    return text[_DAY + 1 : _MINUTE] if text and len(text) > _MINUTE else ""


def day_and_clock(text: str | None) -> str:
    """Day and, where there is one, time."""
    return f"{day(text)} {clock(text)}".strip()


def age(birth: str | None, today: date) -> str:
    """Age in years, months below two years, days below one month."""
    if not birth or len(birth) < _DAY:
        return f"about {today.year - int(birth[:4])} y" if birth else ""
    born = date.fromisoformat(birth[:_DAY])
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if years >= 2:
        return f"{years} y"
    months = (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)
    return f"{months} mo" if months >= 1 else f"{(today - born).days} d"


def human_name(names: object, *, inverted: bool = False) -> str:
    """The usual or official name: "MARROWBY, Adela" when inverted."""
    listed = [n for n in names if isinstance(n, Mapping)] if isinstance(names, Sequence) else []
    ranked = sorted(
        listed,
        key=lambda n: (
            ["official", "usual", None].index(n.get("use"))
            if n.get("use") in ("official", "usual", None)
            else 9
        ),
    )
    if not ranked:
        return "Unknown"
    name = ranked[0]
    given = " ".join(name.get("given") or [])
    family = str(name.get("family") or "")
    if not family and not given:
        return str(name.get("text") or "Unknown")
    if inverted:
        return f"{family.upper()}, {given}".strip(", ")
    return f"{given} {family}".strip()


def number(value: object) -> Decimal | None:
    """The number of a Quantity, digits as written."""
    raw = value.get("value") if isinstance(value, Mapping) else None
    return Decimal(raw) if isinstance(raw, int | Decimal) else None


def shown(value: Decimal) -> str:
    """A number for a table cell: at most two decimals, as written when it has fewer."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -2:
        return str(value.quantize(Decimal("0.01")))
    return f"{value:f}"


def attachment_text(attachment: Element) -> str | None:
    """The text of a text/plain attachment; None for any other content."""
    kind = str(attachment.get("contentType") or "").split(";", 1)[0].strip().lower()
    if kind != "text/plain" or not attachment.get("data"):
        return None
    try:
        raw = base64.b64decode(str(attachment["data"]), validate=False)
    except (binascii.Error, ValueError):
        return None
    return raw.decode("utf-8", errors="replace").replace("\r\n", "\n").strip()


def paragraphs(text: str) -> tuple[str, ...]:
    """Cut a note at its empty lines."""
    return tuple(part.strip("\n") for part in text.split("\n\n") if part.strip())


def moment(text: str | None) -> float:
    """A number that sorts FHIR dates of any precision and offset by time; 0 for none."""
    if not text:
        return 0.0
    padded = text + "-01-01"[len(text) - 4 :] if len(text) < _DAY else text
    when = datetime.fromisoformat(padded)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
