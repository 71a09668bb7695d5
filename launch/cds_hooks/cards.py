"""Cards and links as CDS Hooks writes them, with their limits checked (pure).

Spec: CDS Hooks 2.0, Card Attributes and Link; rows H3-H5 of our checklist
"""

from dataclasses import dataclass
from typing import Any, Literal

from launch.cds_hooks.errors import CardInvalid
from runtime import tokens

Indicator = Literal["info", "warning", "critical"]
MAX_SUMMARY = 139  # the specification says: fewer than 140 characters
Document = dict[str, Any]  # Any: JSON


@dataclass(frozen=True, kw_only=True)
class SmartLink:
    """A link that the EHR opens as a SMART launch; `app_context` is opaque to it."""

    label: str
    url: str
    app_context: str = ""

    def to_json(self) -> Document:
        """Return the link; never autolaunchable, because a person decides to open it."""
        link: Document = {"label": self.label, "url": self.url, "type": "smart"}
        return {**link, "appContext": self.app_context} if self.app_context else link


@dataclass(frozen=True, kw_only=True)
class OverrideReason:
    """Why a clinician may set a card aside: one code of ours with its words."""

    code: str
    system: str
    display: str

    def to_json(self) -> Document:
        """Return the coding."""
        return {"code": self.code, "system": self.system, "display": self.display}


@dataclass(frozen=True, kw_only=True)
class Card:
    """One card. `detail` is Markdown, of which we use plain paragraphs only."""

    summary: str
    indicator: Indicator
    detail: str = ""
    links: tuple[SmartLink, ...] = ()
    override_reasons: tuple[OverrideReason, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a card that an EHR would cut or refuse."""
        if not 0 < len(self.summary) <= MAX_SUMMARY or "\n" in self.summary:
            raise CardInvalid(reason="summary")

    def to_json(self, *, source: str, source_url: str) -> Document:
        """Return the card with a new id of its own, without nulls and empty members."""
        card: Document = {
            "uuid": tokens.new_uuid(),
            "summary": self.summary,
            "indicator": self.indicator,
            "source": {"label": source, "url": source_url},
            "detail": self.detail,
            "links": [link.to_json() for link in self.links],
            "overrideReasons": [reason.to_json() for reason in self.override_reasons],
        }
        return {name: value for name, value in card.items() if value}


@dataclass(frozen=True, kw_only=True)
class ServiceDescription:
    """One service as discovery lists it."""

    service_id: str
    hook: str
    title: str
    description: str
    prefetch: tuple[tuple[str, str], ...] = ()
    usage_requirements: str = ""

    def to_json(self) -> Document:
        """Return the description without nulls and empty members."""
        service: Document = {
            "hook": self.hook,
            "id": self.service_id,
            "title": self.title,
            "description": self.description,
            "prefetch": dict(self.prefetch),
            "usageRequirements": self.usage_requirements,
        }
        return {name: value for name, value in service.items() if value}
