"""What a doctor and a specialist do with the mouse, in the words of the pages."""

from dataclasses import dataclass

from playwright.sync_api import BrowserContext, Frame, Page, expect

from confer.demo_plan import DemoPlan
from confer.walker.story import ADELA, Story
from sandbox import personas

SLOW = 45_000
#: the lines below a preview: looked always, consent and risk where the case asks for them
STATEMENTS = ":is(input[name=looked], input[name=consent], input[name=risk_seen])"


@dataclass
class Doctor:
    """A junior doctor at the EHR; `app` is Confer, in its frame or in a tab of its own."""

    plan: DemoPlan
    page: Page
    persona: str = "adela"
    story: Story = ADELA
    account: int = 0
    called: str = "Mrs Marrowby"

    @property
    def patient_id(self) -> str:
        """The patient whose chart is open."""
        return personas.load(self.persona).patient_id

    def sign_in(self) -> None:
        """Choose who to be."""
        self.page.goto(f"{self.plan.ehr_url}/sign-in")
        self.page.locator("button[name=account]").nth(self.account).click()

    def open_chart(self) -> None:
        """Open the patient's chart page."""
        self.page.goto(f"{self.plan.ehr_url}/chart/{self.patient_id}")

    def launch(self) -> None:
        """Press the button: the app opens in a frame of the chart."""
        self.open_chart()
        self.page.get_by_role("link", name="Ask for a second opinion").click()

    def begin(self, app: Frame | Page) -> None:
        """Wait for the question form; with earlier questions in the list, ask for a new one."""
        form, new = app.locator("#question-form"), app.get_by_role("button", name="New question")
        expect(form.or_(new)).to_be_visible(timeout=SLOW)
        if new.is_visible():
            new.click()
        expect(form).to_be_visible(timeout=SLOW)

    def app(self) -> Frame:
        """The app's frame."""
        self.page.bring_to_front()  # a frame of a hidden tab takes no clicks
        frame = self.page.locator("iframe").element_handle(timeout=SLOW).content_frame()
        assert frame is not None
        return frame

    def fill_question(self, app: Frame | Page) -> None:
        """Type the two things and choose the chips."""
        self.begin(app)
        app.locator(f"input[name=specialty][value='{self.story.specialty}']").check()
        app.locator(f"input[name=question_type][value='{self.story.question_type}']").check()
        app.locator("#question").fill(self.story.question)
        app.locator("#thinking").fill(self.story.thinking.format(patient=self.called))
        app.locator(f"input[name=urgency][value='{self.story.urgency}']").check()

    def check(self, app: Frame | Page) -> None:
        """Ask to see what leaves."""
        app.get_by_role("button", name="Check what leaves").click()
        expect(app.locator("input[name=looked]")).to_be_visible(timeout=SLOW)

    def approve(self, app: Frame | Page) -> None:
        """Tick each line that this case asks for and approve."""
        for line in app.locator(STATEMENTS).all():
            line.check()
        app.get_by_role("button", name="Approve and send").click()
        expect(app.locator("[aria-current=step]")).to_contain_text("Sent", timeout=SLOW)

    def reply(self, app: Frame | Page) -> None:
        """Answer the question back: write, check what leaves, approve."""
        app.locator("#reply").fill(self.story.reply.format(patient=self.called))
        app.locator("#reply-form button").first.click()
        expect(app.locator("input[name=looked]")).to_be_visible(timeout=SLOW)

    def send_reply(self, app: Frame | Page) -> None:
        """Tick the line and approve the reply."""
        app.locator("input[name=looked]").check()
        app.get_by_role("button", name="Approve and send").click()
        expect(app.get_by_text("Your reply is on its way.")).to_be_visible(timeout=SLOW)

    def see_filed(self, app: Frame | Page) -> None:
        """Look again until the answer page says that the note is in the chart."""
        filed, again = app.get_by_text("In chart").first, app.get_by_role("link", name="Look again")
        for _ in range(SLOW // 500):
            expect(filed.or_(again).first).to_be_visible(timeout=SLOW)
            if filed.is_visible():
                return
            again.click()
            app.wait_for_timeout(500)
        raise AssertionError("the note did not come into the chart")

    def decide(self, app: Frame | Page) -> None:
        """Record the decision and the four close-out answers."""
        app.locator("input[name=decision][value=followed]").check()
        app.locator("input[name=plan][value=new-advice]").check()
        app.locator("input[name=referral][value=avoided]").check()
        app.locator("input[name=patient_value][value='5']").check()
        app.locator("input[name=doctor_value][value='5']").check()
        app.locator("#decision-form button").last.click()
        expect(app.get_by_text("Followed").first).to_be_visible(timeout=SLOW)


@dataclass
class Specialist:
    """A specialist at the desk."""

    plan: DemoPlan
    page: Page
    story: Story = ADELA

    def sign_in(self) -> None:
        """Sign in with the demo account's button; a code works once, so wait for a new one."""
        for _ in range(4):
            self.page.goto(f"{self.plan.consult_url}/desk/sign-in")
            self.page.locator(f"#sign-in-{self.story.specialist} button").click()
            if self.page.url.endswith("/desk/inbox"):
                return
            self.page.wait_for_timeout(15_000)
        raise AssertionError("the desk does not let the specialist in")

    def wait_for_case(self) -> None:
        """Reload the inbox until a case is there."""
        for _ in range(60):
            if self.page.locator(".cf-case h3 a").count():
                return
            self.page.wait_for_timeout(500)
            self.page.reload()

    def open_newest(self) -> None:
        """Open the first case of the inbox."""
        self.page.locator(".cf-case h3 a").first.click()
        expect(self.page.locator("h1")).to_contain_text(self.story.question[:40])

    def answer_new_case(self) -> None:
        """Find the case, claim it, answer it, sign."""
        self.wait_for_case()
        self.open_newest()
        self.claim()
        self.write_answer()
        self.sign()

    def claim(self) -> None:
        """Claim the open case."""
        self.page.get_by_role("button", name="Claim this case").click()
        expect(self.page.locator("#answer")).to_be_visible()

    def ask_back(self) -> None:
        """Ask one clarifying question."""
        self.page.get_by_text("Not enough to answer?").click()
        self.page.locator("#question_back").fill(self.story.asked_back)
        self.page.get_by_role("button", name="Ask back").click()
        expect(self.page.get_by_role("heading", name="You asked back")).to_be_visible()

    def wait_for_reply(self) -> None:
        """Reload until the reply is there."""
        for _ in range(60):
            if self.page.locator("#answer").count():
                return
            self.page.wait_for_timeout(500)
            self.page.reload()

    def write_answer(self) -> None:
        """Fill in the answer form."""
        for name, value in self.story.answer.items():
            radio = self.page.locator(f"input[type=radio][name={name}][value='{value}']")
            if radio.count():
                radio.check()
            else:
                self.page.locator(f"#{name}").fill(value)

    def sign(self) -> None:
        """Accept the statement and sign."""
        self.page.locator("#accept").check()
        self.page.get_by_role("button", name="Sign and send").click()
        expect(self.page.get_by_role("heading", name="Signed and sent")).to_be_visible()


def two_people(
    plan: DemoPlan, doctor: BrowserContext, desk: BrowserContext
) -> tuple[Doctor, Specialist]:
    """A doctor and a specialist with a browser each."""
    return (
        Doctor(plan=plan, page=doctor.new_page()),
        Specialist(plan=plan, page=desk.new_page()),
    )
