"""A finished launch becomes a working session: a handle, a draft, and a chart being read."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from launch.app_launch import LaunchResult
from launch.errors import LaunchError
from launch.launch_context import LaunchContext
from runtime import audit, clock, limits, logs, tokens
from runtime.errors import RuntimeFault, Throttled, code_of
from runtime.log_events import Event
from smartapp.gateway.consult_subject import intent_of, subjects_of
from smartapp.gateway.granted import sections_not_granted
from smartapp.gateway.pull_chart import begin_reading
from smartapp.gateway.services import GatewayServices
from smartapp.gateway.site_roster import doctor_key
from smartapp.store import drafts, launches
from smartapp.store.drafts import NewDraft
from smartapp.store.launches import Launch
from smartapp.store.sealed import hashed, keyed_hash


def open_launch(
    services: GatewayServices, result: LaunchResult, *, browser_secret: str, framed: bool
) -> str:
    """Store the launch, start to read the chart, and return the handle for the path."""
    now = clock.now()
    handle = tokens.new_secret()
    site_id = str(result.site.site_id)
    context = {
        "patient": result.patient,
        "encounter": result.context.encounter,
        "user": result.user.reference,
        "user_local": result.user.is_local,
        "banner": result.context.need_patient_banner,
        "not_granted": sections_not_granted(result.tokens.scopes),
        "intent": _intent(result.context),
        "about": subjects_of(result.context.fhir_context, base_url=result.tokens.issuer),
        "style_url": result.context.smart_style_url,
        "app_context": result.context.app_context,
        "messaging_handle": result.context.messaging_handle,
        "messaging_origin": result.context.messaging_origin,
    }
    draft = new_draft(site_id, context)
    launch = Launch(
        handle_hash=hashed(handle),
        site_id=site_id,
        doctor_key=doctor_key(services, site_id, result.user.reference),
        patient_key=keyed_hash(services.index_key, "patient", site_id, result.patient),
        grant_id=str(result.grant_id),
        draft_id=draft.draft_id,
        framed=framed,
        context=context,
    )
    with services.database.transaction() as session:
        drafts.create(session, services.keyring, draft, now=now)
        launches.create(
            session,
            services.keyring,
            launch,
            browser_secret=browser_secret,
            now=now,
            expires_at=now + timedelta(hours=services.policy.session_hours),
        )
        audit.append(
            session, event="launch.opened", actor=launch.doctor_key, subject=launch.patient_key
        )
    begin_reading(services, launch)
    if result.context.smart_style_url is not None:
        services.styles.of(
            services.smart,
            result.site,
            result.context.smart_style_url,
            run_aside=services.run_aside,
        )
    return handle


def _intent(context: LaunchContext) -> str:
    """What the EHR, or the CDS Hooks card behind the launch, wants to see first."""
    if context.intent != "default":
        return context.intent
    return intent_of(context.app_context)


def note_refused_launch(services: GatewayServices, error: LaunchError) -> None:
    """Audit a launch that was refused or failed; a flood of them is in the log alone."""
    try:
        with services.database.transaction() as session:
            limits.hit(session, bucket="launch.refused", key="all", limit=120, per_seconds=60)
            audit.append(
                session,
                event="launch.refused",
                actor="browser",
                subject=error.site_id or "unregistered",
                outcome="failure",
                detail={"code": error.code, "step": str(error.step), "reference": error.reference},
            )
    except Throttled:
        return
    except RuntimeFault as problem:  # the doctor gets the page all the same
        logs.emit(Event.TIMER_ITEM_FAILED, code=code_of(problem))


def new_draft(site_id: str, context: Mapping[str, Any]) -> NewDraft:
    """An empty draft with its own case id and its own random case key."""
    return NewDraft(
        draft_id=tokens.new_uuid(),
        site_id=site_id,
        case_id=tokens.new_case_id(),
        case_key=tokens.new_key(),
        patient={name: context[name] for name in ("patient", "encounter", "user")},
    )


def start_another(services: GatewayServices, launch: Launch, *, keep_words: bool = False) -> Launch:
    """A further question about the same patient: a new draft and a fresh reading.

    `keep_words` opens the form as it was: who takes a question back wants to mend it. Words
    given back and content left out belong to the old case and are asked for again.
    """
    now = clock.now()
    draft = new_draft(launch.site_id, launch.context)
    with services.database.transaction() as session:
        drafts.create(session, services.keyring, draft, now=now)
        if keep_words:
            old = drafts.load(session, services.keyring, launch.draft_id, now=now)
            made = drafts.load(session, services.keyring, draft.draft_id, now=now)
            kept = {"hidden": old.choices["hidden"]} if old.choices.get("hidden") else {}
            drafts.save(session, services.keyring, made, form=old.form, choices=kept)
        launches.point_at(session, launch.handle_hash, draft_id=draft.draft_id)
    moved = replace(launch, draft_id=draft.draft_id)
    begin_reading(services, moved)
    return moved
