"""The action on attachments: a file becomes its clean text, a confirmed picture, or stays."""

import base64
from collections.abc import Mapping
from typing import Any, Final

from deid.attachments.admission import NotAdmitted, Outcome, admit
from deid.attachments.identities import is_about_another
from deid.attachments.picture_file import PictureFile
from deid.attachments.picture_source import decoded, picture_of
from deid.attachments.pixels import NoPicture
from deid.structured.paths import Path, element
from deid.structured.rules import ABSENT
from deid.structured.run import Run

CLEAN_TYPE: Final = "text/plain; charset=utf-8"


def attachment(value: Any, path: Path, run: Run) -> Any:
    """Replace a file by its clean text, a confirmed picture by its pixels; refuse the rest.

    Title, URL, size, hash and date of the original stay behind: they would confirm it.
    """
    if type(value) is not dict:
        run.drop("wrong_type", path)
        return ABSENT
    body = _bytes_of(value, run)
    picture = None if body is None else picture_of(body)
    if picture is not None:
        return _picture(picture, path, run)
    admitted = _admitted(body, run)
    if isinstance(admitted, NotAdmitted):
        run.refuse_part(path, admitted.reason)
        return ABSENT
    clean = run.text(admitted.words, path)
    return {
        "contentType": CLEAN_TYPE,
        "data": base64.b64encode(clean.encode("utf-8")).decode("ascii"),
    }


def _admitted(body: bytes | None, run: Run) -> Outcome:
    if body is None:
        return NotAdmitted("no content in the chart read")
    if is_about_another(body, run.patient):
        return NotAdmitted("about another patient")
    return admit(body)


def _picture(file: PictureFile, path: Path, run: Run) -> Any:
    """Write fresh pixels in place of a picture that the doctor looked at (ADR 0020)."""
    if file.kind == "DICOM" and is_about_another(file.body, run.patient):
        run.refuse_part(path, "about another patient")
        return ABSENT
    made = run.pictures.take(file, element=element(path), entry=run.entry)
    if isinstance(made, NoPicture):
        run.refuse_part(path, made.reason)
        return ABSENT
    out = {
        "contentType": made.content_type,
        "data": base64.b64encode(made.body).decode("ascii"),
    }
    return {**out, "title": made.facts} if made.facts else out


def _bytes_of(value: Mapping[str, Any], run: Run) -> bytes | None:
    data = value.get("data")
    url = value.get("url")
    if data is None and isinstance(url, str):
        known = run.references.known.get(run.references.resolve(url) or "", {})
        data = known.get("data") if known.get("resourceType") == "Binary" else None
    return decoded(data) if isinstance(data, str) else None
