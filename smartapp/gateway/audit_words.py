"""Audits that a word was given back or hidden again: why and how many, never what."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from runtime import audit
from smartapp.gateway.choices import reasons_of


def audit_words(
    session: Session,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    actor: str,
    case_id: str,
    revision: str,
) -> None:
    """Add one row for each place that changed; `revision` is the one the doctor looked at.

    An edit of the text ends a give-back without a look: `revision` is empty then. `given_back`
    counts the places that stand after the change.
    """
    old, new = reasons_of(before), reasons_of(after)
    changed = [("word.hidden_again", old[key]) for key in sorted(old.keys() - new.keys())]
    changed += [("word.given_back", new[key]) for key in sorted(new) if old.get(key) != new[key]]
    for event, reason in changed:
        audit.append(
            session,
            event=event,
            actor=actor,
            subject=case_id,
            detail={"reason": reason, "revision": revision, "given_back": len(new)},
        )
