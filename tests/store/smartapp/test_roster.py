"""What the network is told about a doctor comes from the hospital's roster, not from a guess."""

from smartapp.gateway.attest_member import attest_member
from smartapp.gateway.site_roster import RosterLine, load_roster
from tests.support.gateway import Hospital

_LINE = RosterLine(
    user="Practitioner/junior",
    role="doctor",
    grade="PGY-2",
    specialty="419192003",
    region="Pacific Northwest",
    supervisor="Practitioner/senior",
)
_FACTS = ("role", "grade", "specialty", "region")


def test_a_doctor_on_the_roster_is_attested_with_the_rosters_facts(here: Hospital) -> None:
    load_roster(here.services, "north", [_LINE])
    _, launch = here.launch()
    attest_member(here.services, launch)
    (claims,) = here.network.attested
    assert [claims[name] for name in _FACTS] == [
        "doctor",
        "PGY-2",
        "419192003",
        "Pacific Northwest",
    ]


def test_of_a_doctor_whom_no_roster_knows_nothing_is_invented(here: Hospital) -> None:
    _, launch = here.launch()
    attest_member(here.services, launch)
    (claims,) = here.network.attested
    assert claims["role"] == "doctor"
    assert not {"grade", "specialty", "region", "supervisor"} & set(claims)


def test_the_supervisor_is_named_by_the_subject_that_is_theirs_when_they_ask(
    here: Hospital,
) -> None:
    load_roster(here.services, "north", [_LINE])
    for user in ("Practitioner/junior", "Practitioner/senior"):
        _, launch = here.launch(user=user, wait=False)
        attest_member(here.services, launch)
    junior, senior = here.network.attested
    assert junior["supervisor"] == senior["sub"]
    assert "senior" not in str(junior.values())


def test_a_changed_line_is_attested_at_the_next_question_and_an_unchanged_one_is_not(
    here: Hospital,
) -> None:
    _, launch = here.launch(wait=False)
    load_roster(here.services, "north", [_LINE])
    first = attest_member(here.services, launch)
    load_roster(here.services, "north", [_LINE])
    attest_member(here.services, launch)
    assert len(here.network.attested) == 1
    promoted = RosterLine(
        user=_LINE.user, role="doctor", grade="PGY-3", specialty="419192003", region="Pacific NW"
    )
    load_roster(here.services, "north", [promoted])
    assert attest_member(here.services, launch) == first
    assert here.network.attested[-1]["grade"] == "PGY-3"
    assert here.network.attested[-1]["sub"] == here.network.attested[0]["sub"]
