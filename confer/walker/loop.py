"""The whole way of one case over HTTP: two browsers, three programs, one summary."""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urljoin

from confer.demo_plan import DemoPlan
from confer.errors import WalkFailed
from confer.walker import evidence
from confer.walker.browser import Browser
from confer.walker.page import Form, Page
from confer.walker.story import ADELA, Story
from runtime import clock
from sandbox import personas

_WAIT_SECONDS = 45.0
_PAUSE_SECONDS = 0.25
_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the walk, done."""

    name: str
    ok: bool
    ms: int


@dataclass(kw_only=True)
class Summary:
    """What the walk came to."""

    steps: list[Step] = field(default_factory=list)
    chart_resource: str = ""
    previewed_sha256: str = ""
    sent_sha256: str = ""
    identifiers_removed: int = 0
    known_identifiers: int = -1
    consult_case: str = ""
    opened_at_card: bool = False
    total_ms: int = 0

    @property
    def good(self) -> bool:
        """Whether everything held that the demonstration promises."""
        return (
            bool(self.steps)
            and all(step.ok for step in self.steps)
            and bool(self.chart_resource)
            and self.previewed_sha256 == self.sent_sha256 != ""
            and self.identifiers_removed > 0
            and self.known_identifiers == 0
            and bool(self.consult_case)
        )

    def as_json(self) -> dict[str, object]:
        """The summary in the order in which it is printed."""
        return {
            "steps": [{"name": one.name, "ok": one.ok, "ms": one.ms} for one in self.steps],
            "chart_resource": self.chart_resource,
            "previewed_sha256": self.previewed_sha256,
            "sent_sha256": self.sent_sha256,
            "identifiers_removed": self.identifiers_removed,
            "known_identifiers_in_outgoing_bytes": self.known_identifiers,
            "consult_case": self.consult_case,
            "total_ms": self.total_ms,
        }


@dataclass(kw_only=True)
class Walk:
    """The two people of the story with their browsers, and what they see."""

    plan: DemoPlan
    persona: personas.Persona
    say: Callable[[str], None]
    tend: Callable[[], None]
    story: Story = ADELA
    summary: Summary = field(default_factory=Summary)
    doctor: Browser = field(default_factory=Browser)
    specialist: Browser = field(default_factory=Browser)
    page: Page | None = None
    desk: Page | None = None

    # --- the doctor ------------------------------------------------------------------------
    def sign_in_at_ehr(self) -> None:
        """The doctor signs in at the EHR."""
        page = self.doctor.open(f"{self.plan.ehr_url}/sign-in")
        form = page.form("sign-in")
        self.page = self.doctor.submit(page, form, {"account": form.choices("account")[0]})

    def launch(self) -> None:
        """From the chart page: the button, the frame, authorize, callback, first page."""
        opened = self.doctor.follow(self._chart(), "app=open")
        self.page = self.doctor.frame(opened)
        _expect(self.page, 200, "launch")

    def read_chart(self) -> None:
        """Wait until the chart is read; where questions were asked before, begin a new one."""
        page = self._until(
            self._now, lambda page: page.has_form("question-form") or page.has_form("new")
        )
        if not page.has_form("question-form"):
            self.page = self.doctor.submit(page, page.form("new"))
            page = self._until(self._now, lambda page: page.has_form("question-form"))
        self.page = page

    def ask(self) -> None:
        """Fill in the question and ask to see what leaves."""
        page = self._now()
        answers = {
            "specialty": self.story.specialty,
            "question_type": self.story.question_type,
            "urgency": self.story.urgency,
            "question": self.story.question,
            "thinking": self.story.thinking.format(patient=self._patient_name()),
        }
        self.page = self.doctor.submit(page, page.form("question-form"), answers)
        # The rest of the chart may still be being read: that page goes on by itself.
        page = self._until(self._now, lambda page: page.refresh is None)
        _expect(page, 200, "preview")

    def approve(self) -> None:
        """Read the fingerprint, tick the line, approve."""
        page = self._now()
        form = page.form("send")
        self.summary.previewed_sha256 = form.choices("sha256")[0]
        self.page = self.doctor.submit(page, form, _statements(form))
        _expect(self.page, 200, "approve")

    def reply(self) -> None:
        """See the question back, reply, check what leaves, approve."""
        page = self._until(self._reload, lambda page: page.has_form("reply-form"))
        answers = {"reply": self.story.reply.format(patient=self._patient_name())}
        checked = self.doctor.submit(page, page.form("reply-form"), answers)
        _expect(checked, 200, "reply preview")
        form = checked.form("send")
        self.page = self.doctor.submit(checked, form, _statements(form))
        _expect(self.page, 200, "reply approve")

    def open_at_card(self) -> None:
        """Wait for the card in the chart, and open the app at the answer by its link."""
        if self.summary.opened_at_card:
            return  # the step was interrupted after that; an answer that was opened has no card
        chart = self._until(self._chart, lambda page: page.has_link("Read the answer"))
        self.summary.opened_at_card = True
        opened = self.doctor.frame(self.doctor.follow(chart, "Read the answer"))
        if self.story.answer["bottom_line"] not in opened.text:
            raise WalkFailed(step="card", reason="it did not open the answer")
        self.page = opened

    def read_answer(self) -> None:
        """Wait until the answer is in the chart, and read it."""
        if self.page is None or self.story.answer["bottom_line"] not in self.page.text:
            page = self._until(self._reload, lambda page: page.has_link("/answer"))
            self.page = self.doctor.follow(page, "/answer")
        self.page = self._until(self._reload, lambda page: "In chart" in page.text)
        if self.story.answer["bottom_line"] not in self.page.text:
            raise WalkFailed(step="answer", reason="the bottom line is not on the page")

    def decide(self) -> None:
        """Record the decision with the four close-out answers."""
        page = self._now()
        answers = {
            "decision": "followed",
            "plan": "new-advice",
            "referral": "avoided",
            "patient_value": "5",
            "doctor_value": "5",
        }
        self.page = self.doctor.submit(page, page.form("decision-form"), answers)
        _expect(self.page, 200, "decision")

    def see_in_chart(self) -> None:
        """The answer stands in the EHR's own chart page, with its own resource id."""
        chart = self._chart()
        if self.story.answer["bottom_line"] not in chart.text:
            raise WalkFailed(step="chart", reason="the answer is not on the chart page")
        opinion = chart.link("Open the document").href
        self.summary.chart_resource = f"DocumentReference/{opinion.rsplit('/', 1)[-1]}"

    # --- the specialist --------------------------------------------------------------------
    def sign_in_at_desk(self) -> None:
        """The specialist signs in with the demo account."""
        page = self.specialist.open(f"{self.plan.consult_url}/desk/sign-in")
        form = page.form(f"sign-in-{self.story.specialist}")
        self.desk = self.specialist.submit(page, form)
        _expect(self.desk, 200, "desk sign-in")

    def claim(self) -> None:
        """Wait for this case in the inbox, open it, claim it."""
        case = self._until(
            self._this_case, lambda page: page.has_form("claim") or page.has_form("ask-back")
        )
        if not case.has_form("ask-back"):  # it is ours already after an interruption
            case = self.specialist.submit(case, case.form("claim"))
        self.desk = case
        _expect(self.desk, 200, "claim")

    def _this_case(self) -> Page:
        """The case page that bears the doctor's case number, or the inbox that lacks it."""
        wanted = self._now().title
        inbox = self.specialist.open(f"{self.plan.consult_url}/desk/inbox")
        for link in dict.fromkeys(one.href for one in inbox.links if "/desk/cases/" in one.href):
            page = self.specialist.open(urljoin(inbox.url, link))
            if page.title.split(" · ")[0] == wanted.split(" · ")[0]:
                return page
        return inbox

    def ask_back(self) -> None:
        """Ask one clarifying question."""
        page = self._desk_now()
        answers = {"question_back": self.story.asked_back}
        self.desk = self.specialist.submit(page, page.form("ask-back"), answers)
        _expect(self.desk, 200, "ask back")

    def answer(self) -> None:
        """Wait for the reply, answer, sign."""
        url = self._desk_now().url
        page = self._until(lambda: self.specialist.open(url), lambda page: page.has_form("answer"))
        form = page.form("answer")
        answers = {**self.story.answer, "accept": form.choices("accept")[0]}
        self.desk = self.specialist.submit(page, form, answers)
        _expect(self.desk, 200, "sign")

    # --- what it proves --------------------------------------------------------------------
    def prove(self) -> None:
        """Compare what was previewed with what arrived, search it for known identifiers, and
        wait until the network knows that the case is closed and decided.
        """
        url = self.plan.environment()["CONFER_CONSULT_DATABASE_URL"]
        everything = evidence.received(url)
        mine = [one for one in everything if one.sha256 == self.summary.previewed_sha256]
        if not mine:
            raise WalkFailed(step="prove", reason="no received bytes have the previewed hash")
        self.summary.sent_sha256 = mine[0].sha256
        case_id = evidence.case_of(mine[0].key)
        self.summary.consult_case = case_id
        self.summary.identifiers_removed = evidence.identifiers_removed(mine[0].body)
        self.summary.known_identifiers = sum(
            evidence.known_identifiers_in(one.body, self.persona.name, case_id)
            for one in everything
            if case_id in one.key
        )
        self._wait(lambda: evidence.is_settled(url, case_id), lambda: "the case did not close")

    # --- small moves -----------------------------------------------------------------------
    def _chart(self) -> Page:
        return self.doctor.open(f"{self.plan.ehr_url}/chart/{self.persona.patient_id}")

    def _now(self) -> Page:
        if self.page is None:
            raise WalkFailed(step="walk", reason="no page is open")
        if self.page.refresh is not None:
            self.page = self.doctor.open(self.page.url)
        return self.page

    def _reload(self) -> Page:
        self.page = self.doctor.open(self._now().url)
        return self.page

    def _desk_now(self) -> Page:
        if self.desk is None:
            raise WalkFailed(step="desk", reason="no page is open")
        return self.desk

    def _until(self, load: Callable[[], Page], holds: Callable[[Page], bool]) -> Page:
        seen: list[Page] = []

        def is_there() -> bool:
            seen[:] = [load()]
            if seen[0].status >= 500:
                raise WalkFailed(
                    step="wait", reason=f'answered {seen[0].status}: "{seen[0].title}"'
                )
            return holds(seen[0])

        self._wait(is_there, lambda: f'the page stayed at "{seen[0].title}"')
        return seen[0]

    def _wait(self, holds: Callable[[], bool], otherwise: Callable[[], str]) -> None:
        deadline = clock.monotonic() + _WAIT_SECONDS
        while not holds():
            if clock.monotonic() > deadline:
                raise WalkFailed(step="wait", reason=otherwise())
            self.tend()
            clock.sleep(_PAUSE_SECONDS)

    def _patient_name(self) -> str:
        resources, _ = personas.chart(self.persona, now=clock.now())
        patient = next(one for one in resources if one["resourceType"] == "Patient")
        name = patient["name"][0]
        return f"{'Mrs' if patient.get('gender') == 'female' else 'Mr'} {name['family']}"


_STEPS = (
    "sign_in_at_ehr",
    "launch",
    "read_chart",
    "ask",
    "approve",
    "sign_in_at_desk",
    "claim",
    "ask_back",
    "reply",
    "answer",
    "open_at_card",
    "read_answer",
    "see_in_chart",
    "decide",
    "prove",
)


def walk(
    plan: DemoPlan, *, persona: str, say: Callable[[str], None], tend: Callable[[], None]
) -> Summary:
    """Walk the story; stops at the first step that fails and says which."""
    return take(Walk(plan=plan, persona=personas.load(persona), say=say, tend=tend))


def take(one: Walk) -> Summary:
    """Take the steps of a walk that was prepared by the caller."""
    say = one.say
    one.doctor.on_away = one.specialist.on_away = one.tend
    started = clock.monotonic()
    for name in _STEPS:
        began = clock.monotonic()
        ok = True
        try:
            _step(one, name)
        except WalkFailed as failed:
            ok = False
            say(f"failed: {name.replace('_', ' ')}: {failed}")
        took = round((clock.monotonic() - began) * 1000)
        one.summary.steps.append(Step(name=name.replace("_", " "), ok=ok, ms=took))
        if not ok:
            break
        say(f"{name.replace('_', ' ')}: {took} ms")
    one.summary.total_ms = round((clock.monotonic() - started) * 1000)
    return one.summary


def _step(one: Walk, name: str) -> None:
    """Take one step; if a program went away during it, go back and begin it anew."""
    deadline = clock.monotonic() + _WAIT_SECONDS
    page, desk = one.page, one.desk
    while True:
        lost = one.doctor.lost + one.specialist.lost
        try:
            getattr(one, name)()
        except WalkFailed as failed:
            spoiled = one.doctor.lost + one.specialist.lost > lost
            if not spoiled or clock.monotonic() > deadline:
                raise
            one.say(f"again: {name.replace('_', ' ')}: {failed}")
        else:
            return
        one.page, one.desk = page, desk
        one.tend()
        clock.sleep(_AGAIN_SECONDS)


def _statements(form: Form) -> dict[str, str | list[str]]:
    """Tick every line below a preview: looked, and whatever this case asks for besides."""
    asked = {name: form.choices(name) for name in ("consent", "risk_seen")}
    return {"looked": "yes", **{name: values for name, values in asked.items() if values}}


def _expect(page: Page, status: int, step: str) -> None:
    if page.status != status:
        raise WalkFailed(step=step, reason=f'answered {page.status}: "{page.heading}"')
