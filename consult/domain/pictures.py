"""Pictures of a snapshot: served only when their bytes are pixels and nothing else (pure).

A snapshot was checked when it came in. It is looked at once more here, because what a browser
does with bytes of another kind would be done in the name of this server.
"""

import base64
import binascii
from collections.abc import Mapping

from exchange.picture_bytes import JPEG, PNG, pixel_type


def attachment_picture(attachment: object) -> tuple[str, bytes] | None:
    """Return (media type, bytes) of an inline picture that holds pixels only.

    The type is what the bytes are; what the message declares has to agree.
    """
    if not isinstance(attachment, Mapping):
        return None
    declared = attachment.get("contentType")
    if declared not in (PNG, JPEG):
        return None
    try:
        body = base64.b64decode(str(attachment.get("data", "")), validate=True)
    except (binascii.Error, ValueError):
        return None
    return (str(declared), body) if pixel_type(body) == declared else None
