"""Why a case is held, in sentences that say where to look; never the word itself. Pure."""

from smartapp.errors import CaseHeld
from smartapp.web.reasons import reason_words

_REASONS = {
    "timeout": "The check of the text took too long and was stopped.",
    "crashed": "The check of the text stopped unexpectedly.",
    "memory": "There is more text than the check can hold.",
    "preview_differs": "The page would not have shown exactly what leaves.",
    "deid.content_unusable": "The chart could not be read as one patient's chart.",
}
_PLACES = {
    "texts.question": "your question",
    "texts.thinking": "your thinking",
    "texts.reply": "your reply",
    "receipt": "the receipt",
}


def held_sentences(held: CaseHeld) -> list[tuple[str, str]]:
    """(field to go to, sentence) for the error summary; what to do stands below it."""
    if not held.hits:
        return [("", _REASONS.get(held.reason, "A check stopped unexpectedly."))]
    sentences: list[tuple[str, str]] = []
    for expression, category, _rule in held.hits[:8]:
        head, _ = reason_words(category, "", "removed")
        field = "question" if expression == "texts.question" else ""
        field = "thinking" if expression == "texts.thinking" else field
        sentences.append((field, f"{head} that this chart knows is still in {_place(expression)}."))
    if len(held.hits) > len(sentences):
        sentences.append(("", f"And {len(held.hits) - len(sentences)} more."))
    return list(dict.fromkeys(sentences))


def _place(expression: str) -> str:
    if expression in _PLACES:
        return _PLACES[expression]
    kind = expression.split(".", 1)[0].split("/", 1)[0]
    return {
        "DocumentReference": "a note",
        "DiagnosticReport": "a report",
        "Condition": "a problem",
        "Observation": "a result",
        "MedicationRequest": "a medication",
        "AllergyIntolerance": "an allergy",
    }.get(kind, "the outgoing data")
