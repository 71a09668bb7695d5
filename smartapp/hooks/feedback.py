"""What clinicians did with our cards: counted once each; their comments are never read.

Spec: CDS Hooks 2.0, Feedback; row H9 of our checklist
"""

from collections.abc import Sequence

from launch.cds_hooks.cards import ServiceDescription
from launch.cds_hooks.request_schema import Verdict
from launch.ports import Site
from runtime import clock, logs
from runtime.log_events import Event
from smartapp.gateway.services import GatewayServices
from smartapp.hooks.card_words import OVERRIDE_REASONS
from smartapp.store import hook_feedback
from smartapp.store.hook_feedback import CardOutcome

_OURS = frozenset(reason.code for reason in OVERRIDE_REASONS)


def take_feedback(
    services: GatewayServices, site: Site, service: ServiceDescription, said: Sequence[Verdict]
) -> int:
    """Count verdicts; the same one twice counts once. Returns how many were new."""
    now = clock.now()
    with services.database.transaction() as session:
        fresh = sum(
            hook_feedback.record(
                session,
                CardOutcome(
                    site_id=str(site.site_id),
                    service=service.service_id,
                    card=one.card,
                    outcome=one.outcome,
                    # A code that is not ours could say anything.
                    reason=one.reason if one.reason in _OURS else "other" if one.reason else "",
                    at=min(one.at, now),
                ),
                now=now,
            )
            for one in said
        )
    logs.emit(
        Event.HOOK_FEEDBACK,
        site=site.site_id,
        service=service.service_id,
        count=fresh,
        repeated=len(said) - fresh,
    )
    return fresh
