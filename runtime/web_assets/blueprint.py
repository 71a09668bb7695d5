"""The `assets` blueprint: files under a content-hashed path, and the shared templates.

A host registers it with `runtime.web_guard.register(app, assets, policies={"serve": PUBLIC})`
and sets `app.config["CONFER_MODE"]` so that the sandbox banner shows where it must.
"""

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, url_for

_STATIC = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_ONE_YEAR = "public, max-age=31536000, immutable"

assets = Blueprint("assets", __name__, template_folder="templates")


@cache
def _shipped() -> dict[str, tuple[str, bytes]]:
    """Every file we may serve, by name: (digest, content). Nothing else has an address."""
    found: dict[str, tuple[str, bytes]] = {}
    for path in sorted(_STATIC.rglob("*")):
        if path.is_file() and path.suffix in _TYPES:
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:16]
            found[path.relative_to(_STATIC).as_posix()] = (digest, content)
    return found


def asset_url(name: str) -> str:
    """The address of a shipped file; it changes whenever the content does."""
    digest, _ = _shipped()[name]
    return url_for("assets.serve", digest=digest, name=name)


@assets.get("/assets/<digest>/<path:name>")
def serve(digest: str, name: str) -> Response:
    """One shipped file; cached for good only under its own digest."""
    if name not in _shipped():
        abort(404)
    current, content = _shipped()[name]
    answer = Response(content, content_type=_TYPES[Path(name).suffix])
    answer.set_etag(current)
    # During a rolling upgrade a page of the old release may ask for its own digest.
    answer.headers["Cache-Control"] = _ONE_YEAR if digest == current else "no-cache"
    return answer


@assets.app_context_processor
def _for_templates() -> dict[str, object]:
    sandbox = current_app.config.get("CONFER_MODE") == "sandbox"
    return {"asset_url": asset_url, "sandbox_mode": sandbox}
