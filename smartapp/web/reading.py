"""The chart while it is being read: how far each part is, on a page of its own or in the form."""

from collections.abc import Sequence

from flask import render_template
from flask.typing import ResponseReturnValue

from runtime import clock
from smartapp.gateway.pull_chart import begin_reading
from smartapp.store import drafts
from smartapp.store.drafts import Draft, DraftSection
from smartapp.web import page_model, session
from smartapp.web.words import SECTION_REASONS, SECTION_TITLES

# So long a page waits for the patient before it shows that it waits.
_MOMENT_SECONDS = 1.0
_LOOK_SECONDS = 0.025


def load_draft() -> tuple[Draft, tuple[DraftSection, ...]]:
    """The draft of this launch and its parts of the chart, as far as they are read."""
    services, mine = session.services(), session.launch()
    with services.database.read() as reading:
        draft = drafts.load(reading, services.keyring, mine.draft_id, now=clock.now())
        return draft, drafts.sections(reading, mine.draft_id)


def has_patient(draft: Draft) -> bool:
    """Whether the patient was read, so that the form can be shown."""
    return "banner" in draft.patient


def reading_mark(draft: Draft, found: Sequence[DraftSection]) -> str:
    """What a page has shown of the reading: another mark means that it is worth a look."""
    return f"{draft.state}-{len(found)}{'-patient' if has_patient(draft) else ''}"


def keep_reading(draft: Draft) -> None:
    """Take the reading over when the process that did it is gone."""
    if draft.state == "reading":
        begin_reading(session.services(), session.launch())


def wait_for_patient() -> tuple[Draft, tuple[DraftSection, ...]]:
    """The draft; a moment later when the patient is about to come."""
    deadline = clock.monotonic() + _MOMENT_SECONDS
    draft, found = load_draft()
    pause = _LOOK_SECONDS
    while draft.state == "reading" and not has_patient(draft) and clock.monotonic() < deadline:
        clock.sleep(pause)
        pause *= 1.5  # a crowd that waits must not keep the reading from being done
        draft, found = load_draft()
    return draft, found


def reading_page(handle: str, draft: Draft, *, kept: bool = False) -> ResponseReturnValue:
    """The page that waits; `kept` when the question is written and only the chart is missing."""
    keep_reading(draft)
    draft, found = load_draft()
    return render_template(
        "reading.html",
        frame=page_model.frame(handle, draft),
        sections=section_rows(found),
        mark=reading_mark(draft, found),
        kept=kept,
    )


def section_rows(found: Sequence[DraftSection]) -> list[dict[str, object]]:
    """Every part of the chart in the order of the pages, those to come included."""
    by_name = {section.name: section for section in found}
    rows: list[dict[str, object]] = []
    for name, title in SECTION_TITLES.items():
        section = by_name.get(name)
        rows.append(
            {
                "title": title,
                "state": section.state if section else "waiting",
                "count": section.count if section else 0,
                "reason": SECTION_REASONS.get(section.reason, "") if section else "",
            }
        )
    return rows


def how_far(found: Sequence[DraftSection]) -> str:
    """How many parts are read, in words."""
    names = {section.name for section in found} & set(SECTION_TITLES)
    return f"{len(names)} of {len(SECTION_TITLES)} parts read"
