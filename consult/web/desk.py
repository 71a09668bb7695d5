"""The specialists' desk: sign in, inbox, case, ask back, answer, sign.

A view parses, calls one service, renders. Pages hold no name, date or place of a patient:
nothing on this side knows any.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from consult.domain import governance
from consult.errors import (
    InputInvalid,
    OpinionIncomplete,
    SignInRefused,
    StatementNotAccepted,
    StepUpNeeded,
)
from consult.service import demo_network, sign_in
from consult.service.answer_case import save_draft, sign_opinion
from consult.service.ask_back import ask_back
from consult.service.claim_case import claim_case
from consult.service.decline_case import decline_case
from consult.service.list_inbox import list_inbox
from consult.service.open_case import open_case
from consult.service.open_picture import open_picture
from consult.service.services import ConsultServices
from consult.web import desk_case, desk_forms, desk_pages, session_cookie
from consult.web.desk_forms import Errors
from exchange import names
from runtime import clock, tokens, web_guard
from runtime.errors import Throttled

VISITOR_COOKIE: Final = "__Host-confer-visitor"
SIGNED_IN_VIEWS = (
    "inbox", "answers", "case", "picture", "claim", "decline", "ask", "draft", "sign", "leave",
)  # fmt: skip
PUBLIC_VIEWS = ("front", "sign_in_page", "enter")
_SHOWS = ("all", "mine", "offered", "waiting")


@dataclass(frozen=True)
class Desk:
    """The views, with the services they call."""

    services: ConsultServices

    # before sign-in
    def front(self) -> ResponseReturnValue:
        """Lead to the inbox; the policy there leads to the sign-in page."""
        return redirect("/desk/inbox", code=302)

    def sign_in_page(self) -> ResponseReturnValue:
        """Show the sign-in form."""
        return self._sign_in_form("", [], 200)

    def enter(self) -> ResponseReturnValue:
        """Sign in."""
        web_guard.check_origin([self.services.public_url])
        web_guard.check_csrf(_visitor() or "", request.form.get("csrf_token"))
        user_name = request.form.get("user_name", "")
        try:
            secret = sign_in.sign_in(
                self.services,
                login=user_name,
                password=request.form.get("password", ""),
                code=request.form.get("code", ""),
                address=request.remote_addr or "",
            )
        except SignInRefused:
            sentence = "User name, password and code do not fit together. A code works once."
            return self._sign_in_form(user_name, [("user_name", sentence)], 401)
        except Throttled:
            sentence = "Too many tries. Wait ten minutes, then try again."
            return self._sign_in_form(user_name, [("user_name", sentence)], 429)
        answer = make_response(redirect("/desk/inbox", code=303))
        session_cookie.keep(answer, secret)
        return answer

    def _sign_in_form(self, user_name: str, errors: Errors, status: int) -> Response:
        secret = _visitor() or tokens.new_secret()
        page = render_template(
            "desk/sign_in.html",
            csrf=web_guard.csrf_token(secret),
            user_name=user_name,
            errors=errors,
            demo_accounts=self._demo_accounts(),
        )
        answer = make_response(page, status)
        answer.set_cookie(
            VISITOR_COOKIE, secret, secure=True, httponly=True, samesite="Lax", path="/"
        )
        return answer

    def _demo_accounts(self) -> list[Mapping[str, str]]:
        if not self.services.sandbox:
            return []
        found: list[Mapping[str, str]] = []
        for account in demo_network.DEMO_SPECIALISTS:
            try:
                specialist, code = sign_in.sandbox_code(self.services, account.login)
            except SignInRefused:
                continue  # a sandbox whose network was not opened has no demo accounts
            found.append(
                {
                    "name": specialist.name,
                    "specialty": ", ".join(specialist.specialty_names),
                    "user_name": account.login,
                    "password": demo_network.DEMO_PASSWORD,
                    "code": code,
                }
            )
        return found

    # signed in
    def leave(self) -> ResponseReturnValue:
        """Sign out."""
        self._check_form()
        sign_in.sign_out(self.services, session_cookie.present_secret())
        answer = make_response(redirect("/desk/sign-in", code=303))
        session_cookie.drop(answer)
        return answer

    def inbox(self) -> ResponseReturnValue:
        """Show the cases of this specialist."""
        show = request.args.get("show", "all")
        show = show if show in _SHOWS else "all"
        now = clock.now()
        found = list_inbox(self.services, session_cookie.present())
        return render_template(
            "desk/inbox.html",
            desk=_frame("inbox"),
            heading=desk_pages.heading_of(found, now),
            updated=f"{now:%H:%M}",
            chips=desk_pages.chips_of(found, show),
            groups=desk_pages.groups_of(found, show, now),
            empty=desk_pages.nothing_waiting(show),
        )

    def answers(self) -> ResponseReturnValue:
        """Show what this specialist has answered."""
        now = clock.now()
        found = list_inbox(self.services, session_cookie.present())
        return render_template(
            "desk/inbox.html",
            desk=_frame("answers"),
            heading="My answers",
            updated=f"{now:%H:%M}",
            chips=(),
            groups=desk_pages.answered_groups(found, now),
            empty=desk_pages.NO_ANSWERS,
        )

    def case(self, task_id: str) -> ResponseReturnValue:
        """Show one case."""
        return self._case_page(task_id)

    def picture(self, task_id: str, n: int) -> ResponseReturnValue:
        """Serve one picture of the case under the type its bytes have, and no other."""
        found = open_picture(self.services, session_cookie.present(), task_id, n)
        answer = make_response(found.body)
        answer.content_type = found.content_type
        suffix = found.content_type.removeprefix("image/")
        answer.headers["Content-Disposition"] = f'inline; filename="picture.{suffix}"'
        answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return answer

    def claim(self, task_id: str) -> ResponseReturnValue:
        """Claim the case."""
        self._check_form()
        claim_case(self.services, session_cookie.present(), task_id)
        return _back_to(task_id)

    def decline(self, task_id: str) -> ResponseReturnValue:
        """Decline the offer, or give the case back."""
        self._check_form()
        reason = request.form.get("reason", "")
        if reason not in names.DECLINE_REASONS:
            return self._case_page(task_id, errors=[("reason", "Choose a reason.")])
        decline_case(self.services, session_cookie.present(), task_id, reason=reason)
        return redirect("/desk/inbox", code=303)

    def ask(self, task_id: str) -> ResponseReturnValue:
        """Ask back; the clock stands until the reply."""
        self._check_form()
        text = request.form.get("question_back", "").strip()
        try:
            ask_back(self.services, session_cookie.present(), task_id, text=text)
        except InputInvalid:
            sentence = "Write your question: one thing, up to 2,000 characters."
            return self._case_page(task_id, errors=[("question_back", sentence)])
        return _back_to(task_id)

    def draft(self, task_id: str) -> ResponseReturnValue:
        """Keep the answer as a draft; with `add`, show one more row."""
        self._check_form()
        content = desk_forms.read_opinion(request.form)
        save_draft(self.services, session_cookie.present(), task_id, content)
        if request.form.get("add"):
            return self._case_page(task_id, extra_rows=1)
        return _back_to(task_id)

    def sign(self, task_id: str) -> ResponseReturnValue:
        """Sign the answer and send it; what is missing is shown beside what was typed."""
        self._check_form()
        signed_in = session_cookie.present()
        content = desk_forms.read_opinion(request.form)
        save_draft(self.services, signed_in, task_id, content)
        try:
            sign_opinion(
                self.services,
                signed_in,
                task_id,
                content,
                statement_version=request.form.get("accept", ""),
                code=request.form.get("code", "").strip() or None,
            )
        except OpinionIncomplete as lacking:
            return self._case_page(task_id, errors=desk_forms.errors_of(lacking.issues))
        except StatementNotAccepted:
            sentence = "Accept the responsibility statement before you sign."
            return self._case_page(task_id, errors=[("accept", sentence)])
        except (StepUpNeeded, SignInRefused):
            sentence = "Type a fresh code from your authenticator to sign."
            return self._case_page(task_id, errors=[("code", sentence)])
        return _back_to(task_id)

    def _check_form(self) -> None:
        web_guard.check_origin([self.services.public_url])
        web_guard.check_csrf(session_cookie.present_secret(), request.form.get("csrf_token"))

    def _case_page(
        self, task_id: str, *, errors: Errors | None = None, extra_rows: int = 0
    ) -> Response:
        signed_in = session_cookie.present()
        view = open_case(self.services, signed_in, task_id)
        now = clock.now()
        answer = view.draft or desk_forms.blank()
        page = render_template(
            "desk/case.html",
            desk=_frame("inbox"),
            page=desk_case.page_of(view, now, question_back=request.form.get("question_back", "")),
            errors=errors or [],
            notice=None,
            answer={
                "bottom_line": answer.bottom_line,
                "recommendations": desk_pages.blank_rows(answer, extra=extra_rows),
                "rationale": answer.rationale,
                "change_my_mind": answer.change_my_mind,
                "in_person_review": answer.in_person_review,
                "outcome": answer.outcome,
                "teaching_point": answer.teaching_point,
                "confidence": answer.confidence,
            },
            reviews=tuple(names.IN_PERSON_REVIEWS.items()),
            outcomes=tuple(names.OUTCOMES.items()),
            confidences=tuple(names.CONFIDENCES.items()),
            decline_reasons=desk_case.decline_reasons(),
            statement={
                "version": governance.STATEMENT_VERSION,
                "text": governance.STATEMENT_TEXT,
            },
            code_hint=desk_case.code_hint(signed_in, now),
        )
        return make_response(page, 422 if errors else 200)


def make_desk(services: ConsultServices) -> Blueprint:
    """Return the blueprint `desk`; mount it at `/desk` with a policy per view."""
    desk = Desk(services)
    blueprint = Blueprint("desk", __name__, template_folder="templates")
    case = "/cases/<task_id>"
    for rule, name, method in (
        ("/", "front", "GET"),
        ("/sign-in", "sign_in_page", "GET"),
        ("/sign-in", "enter", "POST"),
        ("/sign-out", "leave", "POST"),
        ("/inbox", "inbox", "GET"),
        ("/answers", "answers", "GET"),
        (case, "case", "GET"),
        (f"{case}/pictures/<int:n>", "picture", "GET"),
        (f"{case}/claim", "claim", "POST"),
        (f"{case}/decline", "decline", "POST"),
        (f"{case}/ask-back", "ask", "POST"),
        (f"{case}/draft", "draft", "POST"),
        (f"{case}/sign", "sign", "POST"),
    ):
        blueprint.add_url_rule(rule, name, getattr(desk, name), methods=[method])
    blueprint.after_request(_never_stored)
    return blueprint


def _visitor() -> str | None:
    return request.cookies.get(VISITOR_COOKIE) or None


def _frame(at: str) -> desk_pages.DeskFrame:
    specialist = session_cookie.present().specialist
    return desk_pages.DeskFrame(
        name=specialist.name,
        specialties=", ".join(specialist.specialty_names),
        at=at,
        csrf=web_guard.csrf_token(session_cookie.present_secret()),
    )


def _back_to(task_id: str) -> ResponseReturnValue:
    return redirect(desk_pages.case_url(task_id), code=303)


def _never_stored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
