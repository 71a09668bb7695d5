"""The action on attachments: a file becomes its clean text, or stays behind."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from deid.attachments.admission import NotAdmitted, admit
from deid.structured.paths import Path
from deid.structured.rules import ABSENT
from deid.structured.run import Run

CLEAN_TYPE: Final = "text/plain; charset=utf-8"


def attachment(value: Any, path: Path, run: Run) -> Any:
    """Replace a file by its clean text; refuse what is not text, with a note in the receipt.

    Title, URL, size, hash and date of the original stay behind: they would confirm it.
    """
    if type(value) is not dict:
        run.drop("wrong_type", path)
        return ABSENT
    body = _bytes_of(value, run)
    admitted = NotAdmitted("no content in the chart read") if body is None else admit(body)
    if isinstance(admitted, NotAdmitted):
        run.refuse_part(path, admitted.reason)
        return ABSENT
    clean = run.text(admitted.words, path)
    return {
        "contentType": CLEAN_TYPE,
        "data": base64.b64encode(clean.encode("utf-8")).decode("ascii"),
    }


def _bytes_of(value: Mapping[str, Any], run: Run) -> bytes | None:
    data = value.get("data")
    url = value.get("url")
    if data is None and isinstance(url, str):
        known = run.references.known.get(run.references.resolve(url) or "", {})
        data = known.get("data") if known.get("resourceType") == "Binary" else None
    if not isinstance(data, str):
        return None
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
