"""The question form: what the doctor must enter, checked once. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from exchange import names
from smartapp.errors import FormInvalid
from smartapp.gateway.chart_contents import BY_KEY

QUESTION_LIMIT = 240
THINKING_LIMIT = 4000
REPLY_LIMIT = 4000


@dataclass(frozen=True, kw_only=True)
class QuestionForm:
    """A complete question. `include` holds the keys of the ticked groups."""

    specialty: str
    question_type: str
    urgency: str
    question: str = field(repr=False)
    thinking: str = field(repr=False)
    include: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The stored form of a draft."""
        return {
            "specialty": self.specialty,
            "question_type": self.question_type,
            "urgency": self.urgency,
            "question": self.question,
            "thinking": self.thinking,
            "include": list(self.include),
        }


def read_form(entered: Mapping[str, str], include: Iterable[str]) -> QuestionForm:
    """Check a form; raises `FormInvalid` with one sentence per field, in page order."""
    form = QuestionForm(
        specialty=entered.get("specialty", ""),
        question_type=entered.get("question_type", ""),
        urgency=entered.get("urgency", ""),
        question=entered.get("question", "").strip(),
        thinking=entered.get("thinking", "").strip(),
        include=tuple(key for key in BY_KEY if key in set(include)),
    )
    checks = (
        ("specialty", form.specialty in names.SPECIALTIES, "Choose a specialty."),
        ("question_type", form.question_type in names.QUESTION_TYPES, "Say what you need."),
        ("question", bool(form.question), "Write your question. One sentence is enough."),
        (
            "question",
            len(form.question) <= QUESTION_LIMIT,
            f"Keep the question to {QUESTION_LIMIT} characters; the rest fits below it.",
        ),
        (
            "thinking",
            bool(form.thinking),
            "Say what you think is going on. One line is enough.",
        ),
        (
            "thinking",
            len(form.thinking) <= THINKING_LIMIT,
            f"Keep your thinking to {THINKING_LIMIT} characters.",
        ),
        ("urgency", form.urgency in names.URGENCIES, "Choose when you need the answer."),
    )
    problems = tuple((field_id, sentence) for field_id, holds, sentence in checks if not holds)
    if problems:
        raise FormInvalid(problems=problems)
    return form


def read_reply(entered: Mapping[str, str]) -> str:
    """Check a reply; raises `FormInvalid`."""
    reply = entered.get("reply", "").strip()
    if not reply:
        raise FormInvalid(problems=(("reply", "Write your reply."),))
    if len(reply) > REPLY_LIMIT:
        raise FormInvalid(problems=(("reply", f"Keep the reply to {REPLY_LIMIT} characters."),))
    return reply
