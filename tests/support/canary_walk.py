"""The loop as the canary patient walks it, with a tap on the line out of the hospital."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urljoin

from confer.demo_plan import DemoPlan
from confer.errors import WalkFailed
from confer.supervisor import Supervisor, web_program
from confer.walker.browser import Answer
from confer.walker.loop import Summary, Walk, take
from confer.walker.story import ADELA, Story
from runtime import clock
from sandbox import personas
from tests.support import loop_world
from tests.support.ports import free_ports
from tests.support.wire_tap import WireTap

# The words that a doctor should not type, typed.
STORY = replace(
    ADELA,
    specialty="394579002",
    specialist="okafor",
    question="INR 4.6 on warfarin with fast atrial fibrillation and amiodarone given at "
    "Wumbleforth Infirmary: may {patient} (MRNQ-ZORBLAX-4471) go on with half the dose? Her "
    "daughter Ozmerelda Tribblewane, 541-555-0195, asks to be called.",
    thinking="Blorptina takes warfarin 5 mg. {patient}'s husband Vexgrundle (phone (541) "
    "555-0196) says she eats little. I would hold two doses. Q. Drozzlemark agrees. SSN "
    "999-49-1234 is on her papers from Dwindlemoor.",
    reply="Vexgrundle Zyxquorble counted the tablets: {patient} took one a day. Mail "
    "blorptina.zyxquorble@quibblemail.example; record MRNQ-ZORBLAX-4471.",
    asked_back="How many tablets does [patient] take a day?",
    answer={
        **ADELA.answer,
        "bottom_line": "Hold warfarin for two doses and restart at 2.5 mg.",
        "rationale": "Amiodarone slows the clearance of warfarin in [patient] for weeks.",
    },
)


class LookingWalk(Walk):
    """A walk whose doctor lets a picture leave, and whose specialist looks at it.

    The picture names the patient in its file and on a label; the label is blacked out.
    """

    def ask(self) -> None:
        """Ask; then cover the bottom of every picture, confirm it, and see the preview again."""
        super().ask()
        preview = self._now()
        listed = self.doctor.follow(preview, "/pictures")
        places = [one.href for one in listed.links if "/pictures/" in one.href]
        for place in places:
            page = self.doctor.open(urljoin(listed.url, place))
            form = page.form("picture")
            last_rows = form.choices("cell")[-16:]
            page = self.doctor.submit(page, form, {"cell": last_rows, "do": "cover"})
            self.doctor.request("GET", f"{page.url.split('#')[0]}/large")
            answers = {"looked": "yes", "do": "confirm"}
            self.doctor.submit(page, page.form("leave"), answers)
        self.page = self.doctor.open(preview.url)
        if not places or "1 of 1 will leave" not in self.page.text:
            raise WalkFailed(step="pictures", reason="the picture does not leave")

    def claim(self) -> None:
        """Claim, and fetch the pictures as the desk's page does."""
        super().claim()
        page = self._desk_now()
        places = [one.href for one in page.links if "/pictures/" in one.href]
        for place in places:
            self.specialist.request("GET", urljoin(page.url, place))
        if not places:
            raise WalkFailed(step="pictures", reason="the desk shows no picture")


@dataclass(kw_only=True)
class CanaryWalk:
    """One walk with everything that it let out."""

    plan: DemoPlan
    supervisor: Supervisor
    tap: WireTap
    temporary: Path
    said: list[str] = field(default_factory=list)
    specialist_saw: list[Answer] = field(default_factory=list)
    doctor_saw: list[Answer] = field(default_factory=list)
    summary: Summary = field(default_factory=Summary)

    def take(self) -> Summary:
        """Walk from launch to decision."""
        walk = LookingWalk(
            plan=self.plan,
            persona=personas.load("canary"),
            say=self.said.append,
            tend=self.supervisor.tend,
            story=_told(STORY),
        )
        walk.specialist.watch = self.specialist_saw.append
        walk.doctor.watch = self.doctor_saw.append
        self.summary = take(walk)
        return self.summary


def _told(story: Story) -> Story:
    resources, _ = personas.chart(personas.load("canary"), now=clock.now())
    patient = next(one for one in resources if one["resourceType"] == "Patient")
    return replace(
        story, question=story.question.format(patient=f"Mrs. {patient['name'][0]['family']}")
    )


@contextmanager
def prepared(folder: Path) -> Iterator[CanaryWalk]:
    """A running demo whose network can be reached over the tap only."""
    world = loop_world.provisioned()
    plan = world.plan(world.copy(folder / "demo"))
    (network,) = free_ports(1)
    temporary = folder / "temporary"
    temporary.mkdir()
    programs = [
        one
        if one.name != "consult"
        else replace(
            one,
            argv=web_program(
                name="consult", title="", application="consult", option="",
                url=f"http://127.0.0.1:{network}",
            ).argv,
        )
        for one in plan.programs()
    ]  # fmt: skip
    said = list(world.said)
    walk = CanaryWalk(
        plan=plan,
        said=said,
        supervisor=Supervisor(
            programs=programs,
            environment={
                **plan.environment(),
                "TMPDIR": str(temporary),
                "CONFER_LOG_LEVEL": "debug",
            },
            log_folder=plan.folder / "logs",
            notify=said.append,
        ),
        tap=WireTap(port=world.ports[2], target=network),
        temporary=temporary,
    )
    try:
        walk.supervisor.start()
        yield walk
    finally:
        walk.supervisor.stop()
        walk.tap.close()
