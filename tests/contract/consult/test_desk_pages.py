"""The desk over HTTP, without a browser: what is refused, and how it is said."""

import re
from collections.abc import Callable

import pytest

from consult.service import claim_case, sign_in
from runtime import tokens
from tests.support.consult_world import Answer, World, call
from tests.support.desk_visitor import DeskVisitor
from tests.support.desk_world import second_cardiologist

SESSION = "__Host-confer-desk"
_NONCE = re.compile(rb'nonce="[^"]*"|csrf_token" value="[^"]*"')


@pytest.fixture(scope="module")
def signed_in(world: World) -> DeskVisitor:
    """A specialist who came in by the front door; the code works once, so once for all."""
    visitor = DeskVisitor(world)
    answer = visitor.sign_in()
    assert (answer.status, answer.headers["location"]) == (303, "/desk/inbox")
    return visitor


@pytest.fixture
def task(world: World, signed_in: DeskVisitor) -> str:
    """A fresh case that is offered to the visitor, whose page is open."""
    task_id = world.a.send_case()
    assert signed_in.get(f"/desk/cases/{task_id}").status == 200
    return task_id


def heading(answer: Answer) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", answer.body.decode(), re.S)
    return re.sub(r"<[^>]+>", "", found[1]).strip() if found else ""


def test_the_session_cookie_is_for_this_host_only_and_hidden_from_scripts(world: World) -> None:
    visitor = DeskVisitor(world)
    cookie = visitor.sign_in("lindqvist").headers["set-cookie"]
    for part in (f"{SESSION}=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize(
    "changes",
    [{"password": "guessed"}, {"code": "000000"}, {"user_name": "nobody"}, {"code": ""}],
)
def test_a_wrong_sign_in_is_refused_in_the_same_words(
    world: World, changes: dict[str, str]
) -> None:
    visitor = DeskVisitor(world)
    answer = visitor.sign_in("banerjee", **changes)
    page = answer.body.decode()
    assert answer.status == 401
    assert "User name, password and code do not fit together." in page
    assert SESSION not in visitor.cookies
    assert "second-opinion" not in page.split("<h2", 1)[0]


def test_a_code_works_once(world: World) -> None:
    code = world.code("halvorsen")
    assert DeskVisitor(world).sign_in("halvorsen", code=code).status == 303
    assert DeskVisitor(world).sign_in("halvorsen", code=code).status == 401


def test_a_form_without_its_token_changes_nothing(signed_in: DeskVisitor, task: str) -> None:
    for token in ("", "made.up"):
        answer = signed_in.post(f"/desk/cases/{task}/claim", token=token)
        assert (answer.status, heading(answer)) == (403, "This form was too old")
    assert b"Claim this case" in signed_in.get(f"/desk/cases/{task}").body


def test_a_form_with_the_token_of_another_session_changes_nothing(
    world: World, signed_in: DeskVisitor, task: str
) -> None:
    stranger = DeskVisitor(world)
    stranger.get("/desk/sign-in")
    answer = signed_in.post(f"/desk/cases/{task}/claim", token=stranger.token)
    assert (answer.status, heading(answer)) == (403, "This form was too old")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_a_form_from_another_origin_changes_nothing(
    signed_in: DeskVisitor, task: str, origin: str
) -> None:
    answer = signed_in.post(f"/desk/cases/{task}/claim", origin=origin)
    assert (answer.status, heading(answer)) == (403, "This form came from another page")
    assert b"Claim this case" in signed_in.get(f"/desk/cases/{task}").body


@pytest.mark.parametrize(
    "cookie", ["", "made-up-" + "x" * 40], ids=["no session", "unknown session"]
)
def test_without_a_session_the_way_leads_to_the_sign_in_page(
    world: World, task: str, cookie: str
) -> None:
    headers = {"Cookie": f"{SESSION}={cookie}"} if cookie else {}
    for path in ("/desk/inbox", "/desk/answers", f"/desk/cases/{task}"):
        answer = call(world.base_url, "GET", path, headers=headers)
        assert (answer.status, answer.headers["location"]) == (303, "/desk/sign-in")
    answer = call(world.base_url, "POST", f"/desk/cases/{task}/sign", headers=headers, body=b"")
    assert (answer.status, answer.headers["location"]) == (303, "/desk/sign-in")


def test_a_session_that_ended_elsewhere_leads_to_the_sign_in_page(world: World) -> None:
    visitor = DeskVisitor(world)
    visitor.sign_in("lindqvist")
    assert visitor.get("/desk/inbox").status == 200
    sign_in.sign_out(world.services, visitor.cookies[SESSION])
    answer = visitor.get("/desk/inbox")
    assert (answer.status, answer.headers["location"]) == (303, "/desk/sign-in")


def test_signing_out_ends_the_session_on_the_server(world: World) -> None:
    visitor = DeskVisitor(world)
    visitor.sign_in("banerjee")
    secret = visitor.cookies[SESSION]
    visitor.get("/desk/inbox")
    assert visitor.post("/desk/sign-out").headers["location"] == "/desk/sign-in"
    visitor.cookies[SESSION] = secret
    assert visitor.get("/desk/inbox").status == 303


def test_an_unknown_case_and_a_foreign_one_look_alike(world: World, signed_in: DeskVisitor) -> None:
    nephrology = world.a.send_case(specialty="394589003")
    found = [signed_in.get(f"/desk/cases/{task_id}") for task_id in (nephrology, tokens.new_uuid())]
    assert [answer.status for answer in found] == [404, 404]
    assert heading(found[0]) == "No such case for you"
    foreign, unknown = (_NONCE.sub(b"", answer.body) for answer in found)
    assert foreign == unknown


@pytest.mark.parametrize("act", ["claim", "decline", "ask-back", "draft", "sign"])
def test_no_act_on_a_foreign_case_says_that_it_exists(
    world: World, signed_in: DeskVisitor, task: str, act: str
) -> None:
    nephrology = world.a.send_case(specialty="394589003")
    signed_in.get(f"/desk/cases/{task}")
    fields = {"reason": "conflict-of-interest", "question_back": "?", "bottom_line": "x"}
    found = [
        signed_in.post(f"/desk/cases/{task_id}/{act}", fields)
        for task_id in (nephrology, tokens.new_uuid())
    ]
    assert [answer.status for answer in found] == [404, 404]
    assert [heading(answer) for answer in found] == ["No such case for you"] * 2


def test_what_was_written_is_kept_when_signing_lacks_something(
    signed_in: DeskVisitor, task: str
) -> None:
    signed_in.post(f"/desk/cases/{task}/claim")
    fields = {"bottom_line": "Halve it & recheck.", "what-1": "Spironolactone 12.5 mg"}
    answer = signed_in.post(f"/desk/cases/{task}/sign", fields)
    assert answer.status == 422
    for page in (answer.body.decode(), signed_in.get(f"/desk/cases/{task}").body.decode()):
        assert "Halve it &amp; recheck." in page
        assert "Spironolactone 12.5 mg" in page
    problems = re.findall(r'<li><a href="#([^"]+)"', answer.body.decode())
    assert "rationale" in problems
    for place in problems:
        assert f'id="{place}"' in answer.body.decode()


def test_signing_needs_the_statement_accepted_and_keeps_the_words(
    signed_in: DeskVisitor, task: str
) -> None:
    signed_in.post(f"/desk/cases/{task}/claim")
    fields = {
        "bottom_line": "Halve it.",
        "what-1": "Spironolactone 12.5 mg",
        "how-1": "daily",
        "rationale": "Potassium.",
        "change_my_mind": "Potassium above 6.",
        "in_person_review": "within-12-hours",
        "outcome": "advice-only",
        "confidence": "moderate",
    }
    answer = signed_in.post(f"/desk/cases/{task}/sign", fields)
    page = answer.body.decode()
    assert answer.status == 422
    assert "Accept the responsibility statement before you sign." in page
    assert "Potassium above 6." in page


@pytest.mark.parametrize(
    ("act", "fields", "words"),
    [
        ("decline", {}, "Choose a reason."),
        ("decline", {"reason": "made-up"}, "Choose a reason."),
        ("ask-back", {"question_back": " "}, "Write your question"),
        ("ask-back", {"question_back": "x" * 2001}, "Write your question"),
    ],
)
def test_a_form_that_lacks_something_says_what(
    signed_in: DeskVisitor, task: str, act: str, fields: dict[str, str], words: str
) -> None:
    signed_in.post(f"/desk/cases/{task}/claim")
    answer = signed_in.post(f"/desk/cases/{task}/{act}", fields)
    assert answer.status == 422
    assert words in answer.body.decode()


def test_the_slower_of_two_claims_gets_a_page(world: World, signed_in: DeskVisitor) -> None:
    colleague = second_cardiologist(world)
    task_id = world.a.send_case()
    signed_in.get(f"/desk/cases/{task_id}")
    claim_case.claim_case(world.services, colleague, task_id)
    answer = signed_in.post(f"/desk/cases/{task_id}/claim")
    assert (answer.status, heading(answer)) == (409, "A colleague was faster")
    assert 'href="/desk/inbox"' in answer.body.decode()


def _every_page(visitor: DeskVisitor, task: str) -> list[Answer]:
    paths = ("/desk/sign-in", "/desk/inbox", "/desk/answers", f"/desk/cases/{task}", "/desk/none")
    return [visitor.get(path) for path in paths]


@pytest.mark.parametrize(
    "holds",
    [
        lambda answer: b"style=" not in answer.body,
        lambda answer: "unsafe" not in answer.headers["content-security-policy"],
        lambda answer: "frame-ancestors 'none'" in answer.headers["content-security-policy"],
        lambda answer: "no-store" in answer.headers.get("cache-control", ""),
        lambda answer: answer.body.decode().split("</title>")[0].endswith(" · Confer desk"),
    ],
    ids=["no style attribute", "strict policy", "never framed", "never stored", "title"],
)
def test_every_page_of_the_desk(
    signed_in: DeskVisitor, task: str, holds: Callable[[Answer], bool]
) -> None:
    for answer in _every_page(signed_in, task):
        assert holds(answer)
