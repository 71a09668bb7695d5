"""The look of the EHR around the app: fetched once, sanitized, and never against legibility.

Only known keys are read and every value is rebuilt from its parts, so that nothing an EHR
writes becomes style of its own. A color is taken only where every text on it, and it on every
ground, keeps the contrast of WCAG AA. The colors of states stay ours: "not in the chart" must
look the same in every hospital.

Spec: SMART App Launch 2.2, smart_style_url; row C3 of our checklist
"""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from launch.client import SmartClient
from launch.discovery import may_call
from launch.ports import Site
from runtime import clock, json_text
from runtime.errors import JsonTextError, OutboundDown, OutboundForbidden

KEEP_SECONDS = 3600.0
MAX_BYTES = 65_536
_CONTRAST = 4.5
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_LENGTH = re.compile(r"(\d{1,2})(?:\.\d{1,2})?px")
_FAMILY = re.compile(r"[A-Za-z][A-Za-z0-9 -]{0,39}")
_GENERIC = frozenset({"serif", "sans-serif", "monospace", "system-ui"})
_MAX_FAMILIES = 8
# What of ours a borrowed color meets (confer.css, light): text on the page, and the grounds
# on which links and buttons stand.
_TEXTS = ("#14212b", "#485863")
_GROUNDS = ("#ffffff", "#f2f5f7", "#faf4e4", "#e4f1f6")

Style = Mapping[str, str]  # names of our style sheet's variables -> safe values


def sanitize(document: Mapping[str, Any]) -> dict[str, str]:
    """Return our variables for the known keys whose values are safe and legible."""
    found: dict[str, str] = {}
    page = _color(document.get("color_background"))
    if page is not None and all(_contrast(page, text) >= _CONTRAST for text in _TEXTS):
        found["--page"] = page
    accent = _color(document.get("color_highlight"))
    grounds = (*_GROUNDS, found.get("--page", _GROUNDS[0]))
    if accent is not None and all(_contrast(accent, ground) >= _CONTRAST for ground in grounds):
        found["--accent"] = found["--accent2"] = accent
    radius = _length(document.get("dim_border_radius"), most=16)
    if radius is not None:
        found["--r"] = radius
    family = _families(document.get("font_family_body"))
    if family is not None:
        found["--font"] = family
    return found


def sheet(style: Style) -> str:
    """Return the style sheet; only for light grounds, since EHRs say nothing about dark ones."""
    if not style:
        return ""
    lines = "".join(f"{name}:{value};" for name, value in sorted(style.items()))
    return f"@media (prefers-color-scheme:light){{:root{{{lines}}}}}\n"


@dataclass(frozen=True, kw_only=True)
class EhrStyles:
    """Sanitized styles by site and address, one hour in this process."""

    _known: dict[tuple[str, str], tuple[float, Style]] = field(default_factory=dict, repr=False)
    _asked: set[tuple[str, str]] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def of(
        self,
        smart: SmartClient,
        site: Site,
        url: str,
        *,
        run_aside: Callable[[Callable[[], None]], None],
    ) -> Style | None:
        """Return a style that is known by now; nobody waits for it.

        None while it is being fetched. An address off the site's registered origins is never
        called, and no token is ever sent along.
        """
        place = (str(site.site_id), url)
        if not may_call(site, url, loopback_http=smart.loopback_http):
            return {}
        with self._lock:
            known = self._known.get(place)
            if known is not None and known[0] > clock.monotonic():
                return known[1]
            first = place not in self._asked
            self._asked.add(place)
        if first:
            run_aside(lambda: self._fetch(smart, place))
        known = self._known.get(place)
        return known[1] if known is not None else None

    def _fetch(self, smart: SmartClient, place: tuple[str, str]) -> None:
        style: Style = {}
        try:
            answer = smart.outbound.request(
                "GET", place[1], label="smart_style", headers={"Accept": "application/json"}
            )
            if answer.status == 200:
                style = sanitize(_object(answer.body))
        except (OutboundDown, OutboundForbidden):
            pass  # the app looks like itself
        with self._lock:
            self._known[place] = (clock.monotonic() + KEEP_SECONDS, style)
            self._asked.discard(place)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        document = json_text.loads(body, max_bytes=MAX_BYTES, max_depth=4)
    except JsonTextError:
        return {}
    return document if isinstance(document, dict) else {}


def _color(value: object) -> str | None:
    if not isinstance(value, str) or not _HEX.fullmatch(value.strip()):
        return None
    digits = value.strip()[1:].lower()
    return f"#{digits}" if len(digits) == 6 else "#" + "".join(2 * digit for digit in digits)


def _length(value: object, *, most: int) -> str | None:
    match = _LENGTH.fullmatch(value.strip()) if isinstance(value, str) else None
    return f"{match[1]}px" if match is not None and int(match[1]) <= most else None


def _families(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    kept = []
    for part in value.split(",")[:_MAX_FAMILIES]:
        name = part.strip().strip("'\"").strip()
        if not _FAMILY.fullmatch(name):
            return None
        kept.append(name.lower() if name.lower() in _GENERIC else f'"{name}"')
    return ",".join(kept)


def _contrast(one: str, other: str) -> float:
    """The contrast of two colors (WCAG 2.2, 1.4.3)."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
