"""What comes first after a launch: the chart being read, then the doctor's questions."""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from launch.app_launch import LaunchResult, Redirect
from launch.errors import LaunchError
from launch.origins import origin_of
from runtime import clock, tokens, web_guard
from smartapp.gateway.browser_session import offer_window, use_window
from smartapp.gateway.end_launch import end_launch
from smartapp.gateway.open_launch import note_refused_launch, open_launch, start_another
from smartapp.gateway.pull_chart import begin_reading
from smartapp.gateway.site_open import require_open
from smartapp.store import cases, drafts
from smartapp.web import ask, page_model, session
from smartapp.web.card_landing import card_page
from smartapp.web.problems import launch_page
from smartapp.web.reading import (
    has_patient,
    keep_reading,
    load_draft,
    reading_page,
    section_rows,
    wait_for_patient,
)
from smartapp.web.stop import stop_page

public = Blueprint("front", __name__)
pages = Blueprint("start", __name__)
VIEWS = ("home", "read_again", "worklist", "another", "widen", "leave")
PUBLIC_VIEWS = ("front", "window", "open_window")


class Pages:
    """What the launch asks of its host (launch.blueprint.LaunchPages)."""

    def browser_secret(self) -> str | None:
        """The secret of this browser's cookie."""
        return session.browser_secret()

    def bind_browser(self, response: Response, secret: str) -> Response:
        """Set the cookie."""
        return session.bind_browser(response, secret)

    def launched(self, result: LaunchResult) -> ResponseReturnValue:
        """Open the session and go to its first page; handle and cookie are made here, anew."""
        framed = request.headers.get("Sec-Fetch-Dest") == "iframe"
        secret = tokens.new_secret()
        handle = open_launch(session.services(), result, browser_secret=secret, framed=framed)
        card = "1" if result.context.app_context else None
        return _first_page(handle, secret, card=card)

    def failed(self, error: LaunchError) -> ResponseReturnValue:
        """The page of a launch that could not go on, and its row in the audit."""
        note_refused_launch(session.services(), error)
        return launch_page(error)

    def post_on(self, target: Redirect) -> Response:
        """A form that carries a long authorization request on."""
        # The EHR may hand the form on to a sign-in service of its own, which browsers hold
        # against this page: any https address may follow, and the EHR's own.
        web_guard.allow_form_action("https:")
        web_guard.allow_form_action(origin_of(target.url) or "https:")
        return make_response(render_template("post_on.html", target=target))


def _first_page(handle: str, secret: str, *, card: str | None = None) -> Response:
    first = url_for("start.home", handle=handle, card=card)
    response: Response = redirect(first, code=303)
    session.tidy_cookies(response, now=clock.now())
    session.bind_launch(response, handle, secret)
    return response


@public.get("/")
def front() -> ResponseReturnValue:
    """Who comes here by hand is told where Confer starts."""
    return render_template(
        "confer/problem.html",
        heading="Confer starts in the chart",
        sentences=(
            "This is the hospital's gateway. It has no sign-in of its own.",
            "Open a patient's chart in the EHR and press “Ask for a second opinion”.",
        ),
    )


@public.get("/window/<code>")
def window(code: str) -> ResponseReturnValue:
    """Ask before a launch is opened in this window: a link that is only looked at uses nothing."""
    return render_template("window.html", target=url_for("front.open_window", code=code))


@public.post("/window/<code>")
def open_window(code: str) -> ResponseReturnValue:
    """Open a launch in another window; its cookie is its own."""
    secret = tokens.new_secret()
    handle = use_window(session.services(), code=code, browser_secret=secret)
    return _first_page(handle, secret)


@pages.get("/")
def home(handle: str) -> ResponseReturnValue:
    """The patient first: as soon as that is read, the next page; the rest comes meanwhile."""
    require_open(session.services(), session.launch().site_id)
    draft, found = wait_for_patient()
    stopped = stop_page(handle, draft)
    if stopped is not None:
        return stopped
    if draft.state == "reading" and not has_patient(draft):
        return reading_page(handle, draft)
    if draft.state == "failed":
        return make_response(
            render_template(
                "not_read.html",
                frame=page_model.frame(handle, draft),
                sections=[row for row in section_rows(found) if row["state"] != "waiting"],
            ),
            503,
        )
    keep_reading(draft)
    mine = session.launch()
    with session.services().database.read() as reading:
        known = cases.of_patient(
            reading,
            site_id=mine.site_id,
            doctor_key=mine.doctor_key,
            patient_key=mine.patient_key,
        )
    to_list = bool(known) or mine.context.get("intent") == "inbox"
    if mine.context.get("intent") == "new_consult":
        to_list = False
    carded = card_page(handle)
    if carded is not None:
        return carded
    if to_list or draft.state == "approved":
        return redirect(url_for("start.worklist", handle=handle), code=303)
    # The form itself and not a way to it: one request less before the doctor can write.
    return ask.form(handle)


@pages.post("/read-again")
def read_again(handle: str) -> ResponseReturnValue:
    """Read the chart once more after it failed."""
    require_open(session.services(), session.launch().site_id)
    services, mine = session.services(), session.launch()
    with services.database.transaction() as writing:
        drafts.restart_reading(writing, mine.draft_id, now=clock.now())
    begin_reading(services, mine)
    return redirect(url_for("start.home", handle=handle), code=303)


@pages.get("/cases")
def worklist(handle: str) -> ResponseReturnValue:
    """The doctor's questions: this chart's open in full, others as a number only."""
    services, mine = session.services(), session.launch()
    draft, _ = load_draft()
    with services.database.read() as reading:
        every = cases.of_doctor(reading, site_id=mine.site_id, doctor_key=mine.doctor_key)
    here = [case for case in every if case.patient_key == mine.patient_key]
    elsewhere = [case for case in every if case.patient_key != mine.patient_key]
    return render_template(
        "worklist.html",
        frame=page_model.frame(handle, draft),
        here=[page_model.case_row(case) for case in here],
        elsewhere=[page_model.case_row(case) for case in elsewhere],
        can_ask=draft.state in ("reading", "ready"),
    )


@pages.post("/new")
def another(handle: str) -> ResponseReturnValue:
    """A further question about the same patient."""
    require_open(session.services(), session.launch().site_id)
    draft, _ = load_draft()
    if draft.state not in ("reading", "ready"):
        keep = request.form.get("again") == "yes"
        start_another(session.services(), session.launch(), keep_words=keep)
    return redirect(url_for("ask.form", handle=handle), code=303)


@pages.post("/wide")
def widen(handle: str) -> ResponseReturnValue:
    """Offer this launch to a window of its own.

    The code is given out here, in the frame: a new window has another cookie jar and could not
    ask for it.
    """
    draft, _ = load_draft()
    code = offer_window(session.services(), session.launch())
    return render_template(
        "wide.html",
        frame=page_model.frame(handle, draft),
        window=url_for("front.window", code=code),
    )


@pages.post("/leave")
def leave(handle: str) -> ResponseReturnValue:
    """End the session in all its windows; the EHR is asked to revoke the tokens."""
    outcome = end_launch(session.services(), session.launch())
    response = make_response(render_template("left.html", revoked=outcome == "revoked"))
    return session.drop_launch(response, handle)
