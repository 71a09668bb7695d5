"""Pictures: each one is looked at by the doctor, covered where needed, and only then leaves.

No address holds anything of the patient: a picture is named by a digest that means nothing
outside its draft. Its bytes are served to the browser of this launch only, drawn anew each
time; the file of the chart itself is never served.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from deid.attachments.picture_bytes import pixel_type
from deid.attachments.picture_file import SCALE, Box
from deid.attachments.pixels import MAX_SIDE, NoPicture
from deid.errors import ContentUnusable
from runtime import clock
from smartapp.errors import PictureUnknown
from smartapp.gateway import picture_choices
from smartapp.gateway.look_at_pictures import (
    SMALL_SIDE,
    Change,
    ChartPicture,
    by_key,
    change_picture,
    draw,
    pictures_of,
    suggest_boxes,
)
from smartapp.store import drafts
from smartapp.store.drafts import Draft
from smartapp.web import page_model, session

pages = Blueprint("pictures", __name__)
VIEWS = ("every", "one", "change", "large", "contrast", "small")

COLUMNS: Final = 8
_MOST_ROWS: Final = 16
_SUFFIXES: Final = {"image/png": "png", "image/jpeg": "jpg"}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One field of the grid over a picture; `value` comes back when it is ticked."""

    value: str
    name: str


@dataclass(frozen=True, kw_only=True)
class BoxLine:
    """One black box in the list; `where` says it in words."""

    index: int
    where: str


@dataclass(frozen=True, kw_only=True)
class PictureLine:
    """One picture in a list."""

    title: str = field(repr=False)
    number: int
    address: str
    small: str
    boxes: int
    confirmed: bool


def _draft() -> Draft:
    services, mine = session.services(), session.launch()
    with services.database.read() as reading:
        return drafts.load(reading, services.keyring, mine.draft_id, now=clock.now())


def lines(handle: str, pictures: Iterable[ChartPicture]) -> tuple[PictureLine, ...]:
    """Pictures as the lines of a list."""
    return tuple(
        PictureLine(
            title=one.title or "Picture",
            number=one.number,
            address=url_for("pictures.one", handle=handle, key=one.key),
            small=url_for("pictures.small", handle=handle, key=one.key),
            boxes=len(one.boxes),
            confirmed=one.confirmed,
        )
        for one in pictures
    )


@pages.get("/pictures")
def every(handle: str) -> ResponseReturnValue:
    """The pictures of what was to be sent; without one, back to the preview."""
    draft = _draft()
    found = pictures_of(session.services(), draft)
    if draft.state != "ready" or not found:
        return redirect(url_for("preview.show", handle=handle), code=303)
    return render_template(
        "pictures.html",
        frame=page_model.frame(handle, draft),
        pictures=lines(handle, found),
        back=url_for("preview.show", handle=handle),
    )


@pages.get("/pictures/<key>")
def one(handle: str, key: str) -> ResponseReturnValue:
    """One picture as it would leave now, with a grid to cover parts of it."""
    return _page(handle, key)


@pages.post("/pictures/<key>")
def change(handle: str, key: str) -> ResponseReturnValue:
    """Cover, uncover, suggest, confirm or take back; each a button of its own."""
    draft = _draft()
    picture = by_key(session.services(), draft, key)
    action = request.form.get("do", "cover")
    if action == "confirm" and request.form.get("looked") != "yes":
        return _page(handle, key, errors=[("looked", "Tick it when you have looked, or leave.")])
    try:
        wanted = _change(action, draft, picture)
    except (ContentUnusable, ValueError):
        sentence = "Give four whole numbers from 0 to 100, right of left and below top."
        return _page(handle, key, errors=[("left", sentence)])
    if wanted is not None:
        change_picture(session.services(), session.launch(), picture, wanted)
    done = url_for("pictures.every", handle=handle)
    here = url_for("pictures.one", handle=handle, key=key)
    return redirect(done if action == "confirm" else f"{here}#picture", code=303)


@pages.get("/pictures/<key>/large")
def large(handle: str, key: str) -> ResponseReturnValue:  # noqa: ARG001 - it is in the path
    """The picture as it would leave."""
    return served(_drawn(key, MAX_SIDE))


@pages.get("/pictures/<key>/contrast")
def contrast(handle: str, key: str) -> ResponseReturnValue:  # noqa: ARG001 - it is in the path
    """The picture with its grays spread apart: shows what the eye misses, and never leaves."""
    return served(_drawn(key, MAX_SIDE, strong_contrast=True))


@pages.get("/pictures/<key>/small")
def small(handle: str, key: str) -> ResponseReturnValue:  # noqa: ARG001 - it is in the path
    """A small picture of it, made of the same covered pixels."""
    return served(_drawn(key, SMALL_SIDE))


def served(body: bytes) -> Response:
    """Answer with pixels of our own making, under the type they have and no other."""
    kind = pixel_type(body)
    if kind is None:
        raise PictureUnknown
    answer = Response(body, content_type=kind)
    name = f"picture.{_SUFFIXES[kind]}"
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


def _drawn(key: str, side: int, *, strong_contrast: bool = False) -> bytes:
    services, draft = session.services(), _draft()
    picture = by_key(services, draft, key)
    drawn = draw(services, draft, picture, max_side=side, strong_contrast=strong_contrast)
    if isinstance(drawn, NoPicture):
        raise PictureUnknown
    return drawn.body


def _page(handle: str, key: str, errors: Iterable[tuple[str, str]] = ()) -> Response:
    services, draft = session.services(), _draft()
    found = pictures_of(services, draft)
    picture = by_key(services, draft, key)
    drawn = draw(services, draft, picture)
    problem = drawn.reason if isinstance(drawn, NoPicture) else ""
    page = render_template(
        "picture.html",
        frame=page_model.frame(handle, draft),
        errors=list(errors),
        picture=picture,
        of=len(found),
        problem=problem,
        drawn=None if problem else drawn,
        cells=() if isinstance(drawn, NoPicture) else grid(drawn.width, drawn.height),
        boxes=[BoxLine(index=n, where=_where(box)) for n, box in enumerate(picture.boxes)],
        seen=picture_choices.seen_mark(picture.boxes),
        finder=services.text_finder is not None,
        # A new mark for every set of boxes, so that no browser shows an older picture.
        large=url_for(
            "pictures.large", handle=handle, key=key, v=picture_choices.seen_mark(picture.boxes)
        ),
        contrast=url_for("pictures.contrast", handle=handle, key=key),
        act=url_for("pictures.change", handle=handle, key=key),
        back=url_for("pictures.every", handle=handle),
    )
    return make_response(page, 422 if errors else 200)


def _change(action: str, draft: Draft, picture: ChartPicture) -> Change | None:
    """What a button asks for; None for nothing. Raises `ContentUnusable` or `ValueError`."""
    form = request.form
    if action == "confirm":
        seen = form.get("seen", "")
        return lambda choices, digest: picture_choices.confirm(choices, digest, seen=seen)
    if action == "take_back":
        return picture_choices.take_back
    if action.startswith("uncover-"):
        index = int(action.removeprefix("uncover-"))
        return lambda choices, digest: picture_choices.uncover(choices, digest, index)
    if action == "suggest":
        boxes: list[Box] = list(suggest_boxes(session.services(), draft, picture))
    else:
        boxes = [*map(read_box, form.getlist("cell")), *_typed(form)]
    if not boxes:
        return None
    return lambda choices, digest: picture_choices.cover(choices, digest, boxes)


def read_box(words: str) -> Box:
    """Read `left,top,width,height` in thousandths; raises for anything else."""
    left, top, width, height = (int(word) for word in words.split(","))
    return Box(left=left, top=top, width=width, height=height)


def _typed(form: Any) -> list[Box]:
    """The box typed in percent, if one was."""
    words = [form.get(name, "").strip() for name in ("left", "top", "right", "bottom")]
    if not any(words):
        return []
    left, top, right, bottom = (int(word) * (SCALE // 100) for word in words)
    return [Box(left=left, top=top, width=right - left, height=bottom - top)]


def grid(wide: int, high: int) -> tuple[Cell, ...]:
    """The fields over a picture, row by row: eight across, and as many down as makes them square.

    No field is thin: on a narrow screen each one still has to be hit with a finger.
    """
    rows = max(1, min(_MOST_ROWS, round(COLUMNS * high / wide)))
    cells = []
    for row in range(rows):
        top, bottom = row * SCALE // rows, (row + 1) * SCALE // rows
        for column in range(COLUMNS):
            left, right = column * SCALE // COLUMNS, (column + 1) * SCALE // COLUMNS
            cells.append(
                Cell(
                    value=f"{left},{top},{right - left},{bottom - top}",
                    name=f"Row {row + 1}, column {column + 1}",
                )
            )
    return tuple(cells)


def _where(box: Box) -> str:
    def percent(value: int) -> int:
        return round(value / (SCALE // 100))

    across = f"{percent(box.left)} to {percent(box.left + box.width)} % from the left"
    return f"{across}, {percent(box.top)} to {percent(box.top + box.height)} % from the top"
