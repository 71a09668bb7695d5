"""Finds a picture of the chart again by the SHA-256 of its bytes."""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from deid.attachments.picture_file import PictureFile, PictureKind
from deid.attachments.sniffing import sniff

PICTURE_KINDS: Final = frozenset({"picture", "DICOM"})


def picture_of(body: bytes) -> PictureFile | None:
    """Return a file as a picture when its bytes say that it is one."""
    kind = sniff(body)
    return PictureFile(cast("PictureKind", kind), body) if kind in PICTURE_KINDS else None


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
