"""The EHR's own pages: sign-in, patient list, chart with the launch button, documents."""

from urllib.parse import urlencode

from flask import (
    Blueprint,
    Flask,
    current_app,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from runtime import clock, sessions, web_guard
from runtime.errors import SessionEnded
from sandbox import (
    app_contexts,
    authorize,
    bench_gate,
    charts,
    clients,
    discovery,
    grants,
    referrals,
    scopes,
)
from sandbox.cds_client import CardsView, CdsClient
from sandbox.clients import Client
from sandbox.errors import OAuthRefused, PageNotFound, SignInNeeded
from sandbox.personas import Account
from sandbox.services import SandboxServices

COOKIE = "__Host-confer-ehr"
_KIND = "ehr"
_CROSS_SITE = "cross-site"
_MAX_CARRIED = 2048


def mount(app: Flask, services: SandboxServices) -> None:
    """Serve the pages; all but sign-in ask who is there."""
    blueprint = Blueprint("pages", __name__, static_folder="static", static_url_path="/static")
    pages = Pages(services)
    rules = (
        ("/", "patients", pages.patients, "GET", pages.need_doctor),
        ("/sign-in", "sign_in", pages.sign_in, "GET", web_guard.PUBLIC),
        ("/sign-in", "sign_in_post", pages.sign_in_post, "POST", pages.own_origin),
        ("/sign-out", "sign_out", pages.sign_out, "POST", pages.own_form),
        ("/chart/<patient_id>", "chart", pages.chart, "GET", pages.need_doctor),
        ("/chart/<patient_id>/open", "open_app", pages.open_app, "GET", pages.need_doctor),
        (
            "/chart/<patient_id>/document/<document_id>",
            "document",
            pages.document,
            "GET",
            pages.need_doctor,
        ),
        ("/auth/choose/<handle>", "choose", pages.choose, "GET", pages.need_doctor),
        ("/auth/choose/<handle>", "choose_post", pages.choose_post, "POST", pages.own_form),
    )
    for rule, name, view, method, _ in rules:
        blueprint.add_url_rule(rule, name, view, methods=[method])
    policies = {name: policy for _, name, _, _, policy in rules}
    web_guard.register(app, blueprint, policies={**policies, "static": web_guard.PUBLIC})


class Pages:
    """The views. `need_doctor` puts the signed-in doctor into `g.doctor`."""

    def __init__(self, services: SandboxServices) -> None:
        """Keep the services."""
        self._services = services
        self._database = services.database
        self._cds = CdsClient(services)

    # --- who is there -------------------------------------------------------------------

    def need_doctor(self) -> None:
        """Let in whoever is signed in; raises SignInNeeded."""
        secret = request.cookies.get(COOKIE, "")
        try:
            with self._database.transaction() as session:
                found = sessions.load(session, self._services.keyring, kind=_KIND, secret=secret)
                sessions.touch(session, kind=_KIND, secret=secret)
                g.doctor = charts.account(session, str(found.data["account_id"]))
        except (SessionEnded, PageNotFound):
            raise SignInNeeded from None
        g.csrf = web_guard.csrf_token(secret)

    def own_origin(self) -> None:
        """Let in posts from our own pages."""
        web_guard.check_origin([self._services.places.ehr_url])

    def own_form(self) -> None:
        """Let in a signed-in doctor's own forms."""
        self.own_origin()
        self.need_doctor()
        web_guard.check_csrf(request.cookies.get(COOKIE, ""), request.form.get("csrf"))

    def render(self, template: str, **values: object) -> str:
        """Render a template with what every page shows."""
        doctor: Account | None = g.get("doctor")
        return render_template(template, doctor=doctor, csrf=g.get("csrf", ""), **values)

    # --- sign-in ------------------------------------------------------------------------

    def sign_in(self) -> str:
        """Ask which doctor is on duty (sandbox mode: no password)."""
        with self._database.read() as session:
            found = charts.accounts(session)
        return self.render("sign_in.html", accounts=found, next=_own_path(request.args.get("next")))

    def sign_in_post(self) -> Response:
        """Start a session for the chosen doctor."""
        with self._database.transaction() as session:
            chosen = charts.account(session, request.form.get("account", ""))
            sessions.end(session, kind=_KIND, secret=request.cookies.get(COOKIE, ""))
            secret = sessions.create(
                session,
                self._services.keyring,
                kind=_KIND,
                data={"account_id": chosen.account_id},
                idle_minutes=self._services.session_idle_minutes,
                hours=self._services.session_hours,
            )
        answer = redirect(_own_path(request.form.get("next")), 303)
        answer.set_cookie(COOKIE, secret, secure=True, httponly=True, samesite="Lax", path="/")
        return answer

    def sign_out(self) -> Response:
        """End the session."""
        with self._database.transaction() as session:
            sessions.end(session, kind=_KIND, secret=request.cookies.get(COOKIE, ""))
        answer = redirect(url_for("pages.sign_in"), 303)
        answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="Lax", path="/")
        return answer

    # --- patients and charts ------------------------------------------------------------

    def patients(self) -> str:
        """The patient list."""
        with self._database.read() as session:
            found = charts.patient_list(session, self._services.engine, clock.now())
        return self.render("patients.html", patients=found)

    def chart(self, patient_id: str) -> str:
        """One chart with what decision support says; with ?app=open the app runs beside it."""
        with self._database.read() as session:
            view = charts.chart(session, self._services.engine, patient_id, clock.now())
            app = next(iter(clients.apps(session)), None)
        frame_url, cards = None, CardsView()
        if app is not None and request.args.get("app") == "open" and _is_own_navigation():
            frame_url = self._launch_url(app, patient_id)
            web_guard.allow_frame(app.launch_origin)
            web_guard.allow_frame("'self'")  # the launch passes our authorize endpoint in there
            self._say_taken_up()
        elif "quiet" not in request.args:
            cards = self._decisions(patient_id)
        return self.render(
            "chart.html",
            view=view,
            app=app,
            frame_url=frame_url,
            cards=cards,
            referrals=referrals.SPECIALTIES,
            drafted=referrals.SPECIALTIES.get(request.args.get("draft", "")),
        )

    def _decisions(self, patient_id: str) -> CardsView:
        specialty = request.args.get("draft", "")
        if specialty in referrals.SPECIALTIES:
            return self._cds.order_select(patient_id, g.doctor, specialty=specialty)
        return self._cds.patient_view(patient_id, g.doctor)

    def _say_taken_up(self) -> None:
        card, service = request.args.get("card", ""), request.args.get("service", "")
        if card and service:
            self._cds.say(service_id=service, card=card, outcome="accepted")

    def open_app(self, patient_id: str) -> Response:
        """Launch the app in a tab of its own."""
        with self._database.read() as session:
            charts.persona_of(session, patient_id)
            app = next(iter(clients.apps(session)), None)
        if app is None:
            raise PageNotFound
        if not _is_own_navigation():
            return redirect(url_for("pages.chart", patient_id=patient_id), 303)
        return redirect(self._launch_url(app, patient_id), 303)

    def _launch_url(self, app: Client, patient_id: str) -> str:
        doctor: Account = g.doctor
        with self._database.transaction() as session:
            context = charts.launch_context(session, patient_id, doctor.account_id)
            launch = grants.mint_launch(
                session, client_id=app.client_id, context=context, now=clock.now()
            )
            if carried := request.args.get("context", "")[:_MAX_CARRIED]:
                app_contexts.give(session, launch, carried, clock.now())
        query = urlencode({"iss": self._services.places.fhir_base, "launch": launch})
        return f"{app.launch_url}?{query}"

    def document(self, patient_id: str, document_id: str) -> str:
        """One document in full."""
        with self._database.read() as session:
            found = charts.document(session, self._services.engine, patient_id, document_id)
        return self.render(
            "document.html",
            document=found,
            parts=found.parts,
            patient_id=patient_id,
            patient_name=found.patient_name,
        )

    # --- standalone launch --------------------------------------------------------------

    def choose(self, handle: str) -> str:
        """Ask the doctor which patient an app may open, or whether it may at all."""
        with self._database.read() as session:
            checked = authorize.parked(session, handle, clock.now())
            found = charts.patient_list(session, self._services.engine, clock.now())
        web_guard.allow_form_action(clients.origin_of(checked.asked.redirect_uri))
        return self.render(
            "choose.html",
            app=checked.asked.client,
            handle=handle,
            needs_patient=checked.needs_patient,
            patients=found,
            rights=_rights(checked.scopes),
        )

    def choose_post(self, handle: str) -> Response:
        """Send the app its code, or the refusal."""
        doctor: Account = g.doctor
        with self._database.transaction() as session:
            checked = authorize.parked(session, handle, clock.now())
            patient_id = request.form.get("patient", "")
            if request.form.get("refuse"):
                denied = OAuthRefused(error="access_denied", rule="the doctor said no")
                address = authorize.refusal(checked.asked, denied)
            elif checked.needs_patient:
                context = charts.launch_context(session, patient_id, doctor.account_id)
                address = authorize.grant(session, checked, context, clock.now())
            else:
                context = grants.Context(account_id=doctor.account_id)
                address = authorize.grant(session, checked, context, clock.now())
            authorize.unpark(session, handle)
        manners = bench_gate.state(self._services).manners
        issuer = discovery.endpoints(self._services.places, manners).issuer
        return redirect(authorize.dressed(address, manners, issuer, posted=True), 303)


def _is_own_navigation() -> bool:
    """A foreign page must not make this browser open the app over a chart."""
    return request.headers.get("Sec-Fetch-Site") != _CROSS_SITE


def _own_path(wanted: str | None) -> str:
    """Only a path of this program may follow sign-in."""
    patients = url_for("pages.patients")
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/\\")):
        return patients
    try:
        current_app.url_map.bind("").match(wanted.split("?", 1)[0], method="GET")
    except HTTPException:
        return patients
    return wanted


def _rights(granted: str) -> str:
    """The scopes in words, for the consent line."""
    parsed = scopes.clinical(scopes.split(granted))
    reads = sorted({s.resource_type for s in parsed if set(s.rights) & {"r", "s"}})
    writes = sorted({s.resource_type for s in parsed if set(s.rights) & {"c", "u", "d"}})
    words = []
    if reads:
        words.append("read " + ("the chart" if "*" in reads else ", ".join(reads)))
    if writes:
        words.append("write " + ("the chart" if "*" in writes else ", ".join(writes)))
    if "openid" in scopes.split(granted):
        words.append("see your name")
    return ", ".join(words) or "nothing"
