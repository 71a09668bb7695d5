"""Finds a picture of the chart again by the SHA-256 of its bytes."""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from deid.attachments.picture_file import PictureFile

_PICTURES: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*")
_DICOM: Final = slice(128, 132), b"DICM"


def picture_of(body: bytes) -> PictureFile | None:
    """Return a file as a picture when it begins as one of the kinds that can be drawn.

    Pictures of other kinds are refused with all other files (deid.attachments.admission).
    """
    place, mark = _DICOM
    if body[place] == mark:
        return PictureFile("DICOM", body)
    return PictureFile("picture", body) if body.startswith(_PICTURES) else None


def find_picture(resources: Iterable[Mapping[str, Any]], digest: str) -> PictureFile | None:
    """Return the picture with this digest, wherever the resources hold it; None without one."""
    for body in _files(resources):
        found = picture_of(body)
        if found is not None and found.digest == digest:
            return found
    return None


def _files(resources: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    pending: list[Any] = list(resources)
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            data = value.get("data")
            if isinstance(data, str):
                body = decoded(data)
                if body:
                    yield body
            pending.extend(each for each in value.values() if isinstance(each, dict | list))
        elif isinstance(value, list):
            pending.extend(value)


def decoded(data: str) -> bytes | None:
    """Return the bytes behind base64, with the line breaks that FHIR allows; None if broken."""
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
