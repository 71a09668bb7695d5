"""Draws the report as one HTML file that asks nothing of the outside. PHI."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from confer.deidentify.outcome import Outcome
from smartapp.web.reasons import reason_words

if TYPE_CHECKING:
    from confer.deidentify.side_by_side import SideBySide

WARNING: Final = (
    "This report holds the patient's identity: the original chart stands in it, word for word. "
    "Keep it where the chart itself may be kept, show it to nobody else, and delete it when you "
    "are done. It must not leave the hospital."
)


def render(done: Outcome, sides: "SideBySide") -> bytes:
    """Return the report on one chart."""
    return _page("deid_report.html", {"done": done, "sides": sides})


def render_index(outcomes: Sequence[Outcome], links: Mapping[int, str]) -> bytes:
    """Return the list of all charts of a run; `links` leads from a position to its report."""
    return _page("deid_index.html", {"outcomes": outcomes, "links": links})


def _page(template: str, values: Mapping[str, object]) -> bytes:
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    page = _environment().get_template(template)
    text = page.render(
        **values,
        style=Markup(style),  # noqa: S704 - the style sheet is our own
        style_digest=digest,
        warning=WARNING.partition(": ")[2],
    )
    return text.encode("utf-8")


@cache
def _style() -> str:
    shipped = resources.files("runtime") / "web_assets" / "static" / "confer.css"
    own = resources.files("confer") / "templates" / "deid_report.css"
    return shipped.read_text(encoding="utf-8") + own.read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("confer", "templates"),
                PackageLoader("runtime.web_assets", "templates"),
                PackageLoader("smartapp.web", "templates"),  # the doctor's page marks alike
            ]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["why"] = _why
    environment.globals.update(counted=_counted, reason=_why, told=_told)
    return environment


def _why(category: str, rule: str = "", mark: str = "removed") -> str:
    """Return what a category means, in a sentence without its end."""
    head, rest = reason_words(category, rule, mark)
    return f"{head}: {rest}" if rest else head


def _counted(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return counts, the largest first."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _told(value: object) -> str:
    """Return a value of the receipt in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_told(each)}" for name, each in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        return "; ".join(_told(each) for each in value) or "none"
    return str(value)
