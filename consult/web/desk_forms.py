"""The desk's forms: what a specialist typed, and what has to be mended (pure)."""

from collections.abc import Mapping, Sequence

from exchange import names
from exchange.issues import Issue
from exchange.opinion import MAX_RECOMMENDATIONS, Opinion, Recommendation

Errors = list[tuple[str, str]]

_FIELDS = {
    "bottom_line": "Write the bottom line: one sentence that stands alone.",
    "rationale": "Say why, in a few sentences.",
    "change_my_mind": "Say what would change your mind.",
    "in_person_review": "Choose whether someone must see the patient.",
    "confidence": "Choose how sure you are.",
    "outcome": "Choose what this is, in short.",
    "recommendations": "Give at least one recommendation.",
    "teaching_point": "Shorten the teaching point.",
}
_RULES = {
    "too_long": "This text is too long; keep what changes the care.",
    "too_many": f"Keep to {MAX_RECOMMENDATIONS} recommendations.",
    "control_character": "A character in this text cannot be shown in a chart; type it again.",
}


def blank() -> Opinion:
    """An answer with nothing in it; nothing is chosen ahead."""
    return Opinion(
        bottom_line="",
        recommendations=(),
        rationale="",
        change_my_mind="",
        in_person_review="",
        confidence="",
        outcome="",
    )


def read_opinion(form: Mapping[str, str]) -> Opinion:
    """The answer as it stands in the form, empty recommendations left out."""
    rows = [
        Recommendation(what=_text(form, f"what-{n}"), how=_text(form, f"how-{n}"))
        for n in range(1, MAX_RECOMMENDATIONS + 1)
    ]
    return Opinion(
        bottom_line=_text(form, "bottom_line"),
        recommendations=tuple(row for row in rows if row.what or row.how),
        rationale=_text(form, "rationale"),
        change_my_mind=_text(form, "change_my_mind"),
        in_person_review=_choice(form, "in_person_review", names.IN_PERSON_REVIEWS),
        teaching_point=_text(form, "teaching_point"),
        confidence=_choice(form, "confidence", names.CONFIDENCES),
        outcome=_choice(form, "outcome", names.OUTCOMES),
    )


def _text(form: Mapping[str, str], name: str) -> str:
    return form.get(name, "").replace("\r\n", "\n").strip()


def _choice(form: Mapping[str, str], name: str, known: Mapping[str, object]) -> str:
    given = form.get(name, "")
    return given if given in known else ""


def errors_of(issues: Sequence[Issue]) -> Errors:
    """What has to be mended, in the order of the form, one sentence a field."""
    found: dict[str, str] = {}
    for issue in issues:
        field = issue.expression.split("[")[0].split(".")[0]
        sentence = _RULES.get(issue.rule, _FIELDS.get(field, "Mend this."))
        found.setdefault("what-1" if field == "recommendations" else field, sentence)
    order = ["bottom_line", "what-1", *(name for name in _FIELDS if name != "recommendations")]
    return sorted(found.items(), key=lambda pair: order.index(pair[0]) if pair[0] in order else 99)
