"""The pictures of a draft: listed, drawn without their files, covered and confirmed.

A picture is drawn in the process that can be killed, from the same bytes and boxes and by the
same code that makes the one that leaves; what the doctor looks at is what would be sent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deid.attachments.picture_file import Box, PictureFile
from deid.attachments.picture_source import find_picture
from deid.attachments.pictures import CleanPicture
from deid.attachments.pixels import MAX_SIDE, NoPicture
from deid.pseudonyms import CaseKey
from runtime import audit, clock, json_text
from smartapp.errors import DraftMissing, PictureUnknown
from smartapp.gateway import picture_choices
from smartapp.gateway.chart_contents import about_of, chosen, identifying
from smartapp.gateway.deid_process import PictureJob
from smartapp.gateway.services import GatewayServices
from smartapp.store import drafts, revisions
from smartapp.store.drafts import Draft
from smartapp.store.launches import Launch

SMALL_SIDE = 320

Change = Callable[[Mapping[str, Any], str], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class ChartPicture:
    """A picture of the content that was to be sent. `key` is its name in addresses.

    The key means nothing outside this draft: it is derived with the key of the case.
    """

    key: str
    digest: str = field(repr=False)
    title: str = field(repr=False)
    number: int
    boxes: tuple[Box, ...]
    confirmed: bool


def pictures_of(services: GatewayServices, draft: Draft) -> tuple[ChartPicture, ...]:
    """List the pictures that the newest preview of this draft met, each once."""
    with services.database.read() as session:
        shown = revisions.newest(
            session,
            services.keyring,
            draft_id=draft.draft_id,
            kind="case",
            case_id=draft.case_id,
        )
    return listed(draft, shown.preview.get("pictures", ()) if shown else ())


def listed(draft: Draft, shown: Sequence[Mapping[str, Any]]) -> tuple[ChartPicture, ...]:
    """The pictures of a preview as this draft has them now."""
    titles = {str(one["digest"]): str(one["title"]) for one in reversed(shown)}
    order = dict.fromkeys(str(one["digest"]) for one in shown)
    key = CaseKey(draft.case_key)
    return tuple(
        ChartPicture(
            key=key.digest("picture", digest),
            digest=digest,
            title=titles[digest],
            number=number,
            boxes=picture_choices.boxes_of(draft.choices, digest),
            confirmed=picture_choices.is_confirmed(draft.choices, digest),
        )
        for number, digest in enumerate(order, start=1)
    )


def by_key(services: GatewayServices, draft: Draft, key: str) -> ChartPicture:
    """Return one picture; raises `PictureUnknown`."""
    for one in pictures_of(services, draft):
        if one.key == key:
            return one
    raise PictureUnknown


def draw(
    services: GatewayServices,
    draft: Draft,
    picture: ChartPicture,
    *,
    max_side: int = MAX_SIDE,
    strong_contrast: bool = False,
) -> CleanPicture | NoPicture:
    """Return the picture as it would leave now, or smaller; or why it cannot."""
    return services.deid.draw(
        PictureJob(
            file=_file(services, draft, picture),
            boxes=picture.boxes,
            max_side=max_side,
            strong_contrast=strong_contrast,
        )
    )


def _file(services: GatewayServices, draft: Draft, picture: ChartPicture) -> PictureFile:
    with services.database.read() as session:
        chart = drafts.snapshot(session, services.keyring, draft.draft_id, now=clock.now())
    by_section = json_text.loads(chart, max_bytes=200_000_000, max_depth=80)["by_section"]
    sent = chosen(by_section, draft.form["include"], first=about_of(draft.patient))
    resources = [*sent, *identifying(by_section)]
    found = find_picture(resources, picture.digest)
    if found is None:
        raise PictureUnknown
    return found


def suggest_boxes(
    services: GatewayServices, draft: Draft, picture: ChartPicture
) -> tuple[Box, ...]:
    """Where the text finder of this machine saw writing that is not covered yet."""
    if services.text_finder is None:
        return ()
    drawn = draw(services, draft, picture)
    return () if isinstance(drawn, NoPicture) else services.text_finder.suggest(drawn)


def change_picture(
    services: GatewayServices, launch: Launch, picture: ChartPicture, change: Change
) -> Draft:
    """Keep a change of the doctor; a confirmation is written into the audit."""
    now = clock.now()
    with services.database.transaction() as session:
        draft = drafts.load(session, services.keyring, launch.draft_id, now=now)
        if draft.state != "ready":
            raise DraftMissing
        choices = change(draft.choices, picture.digest)
        drafts.save(session, services.keyring, draft, form=draft.form, choices=choices)
        confirmed = picture_choices.is_confirmed(choices, picture.digest)
        if confirmed != picture.confirmed:
            audit.append(
                session,
                event="picture.confirmed" if confirmed else "picture.taken_back",
                actor=launch.doctor_key,
                subject=draft.case_id,
                detail={"picture": picture.key, "boxes": len(picture.boxes)},
            )
        return drafts.load(session, services.keyring, launch.draft_id, now=now)
