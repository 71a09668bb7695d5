"""Reading our own stored records and foreign JSON answers with explicit types (pure)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from runtime import json_text
from runtime.errors import JsonTextError

MAX_ANSWER_BYTES = 1_000_000


def json_object(body: bytes) -> Mapping[str, Any] | None:
    """Return the body as a JSON object, or None when it is anything else."""
    try:
        value = json_text.loads(body, max_bytes=MAX_ANSWER_BYTES)
    except JsonTextError:
        return None
    return value if isinstance(value, dict) else None


def text(value: object) -> str | None:
    """Return a non-blank string as it is, and None for everything else."""
    return value if isinstance(value, str) and value.strip() else None


def texts(value: object) -> tuple[str, ...]:
    """Return the strings of a JSON list; anything else counts as an empty list."""
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()


def moment(value: object) -> datetime | None:
    """Return a stored ISO time."""
    return datetime.fromisoformat(value) if isinstance(value, str) else None
