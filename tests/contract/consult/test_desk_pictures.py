"""The desk shows the pictures of a case to who may see the case, and serves nothing else."""

import pytest

from exchange.picture_bytes import pixel_type
from runtime import tokens
from tests.support import pictures, wire
from tests.support.consult_world import World
from tests.support.desk_visitor import DeskVisitor

PHOTO = pictures.encoded(pictures.drawing(), "JPEG")
XRAY = pictures.encoded(pictures.drawing(mode="L"), "PNG")


@pytest.fixture(scope="module")
def signed_in(world: World) -> DeskVisitor:
    visitor = DeskVisitor(world)
    assert visitor.sign_in().status == 303
    return visitor


@pytest.fixture(scope="module")
def task(world: World) -> str:
    """A case with two pictures, offered to the visitor."""
    case_id = tokens.new_case_id()
    documents = (
        wire.picture_document(PHOTO, "image/jpeg", case_id=case_id),
        wire.picture_document(XRAY, "image/png", case_id=case_id, title="X-ray, chest"),
    )
    counts = {"sent": 2, "not_sent": 1, "boxes": 3}
    return world.a.send_case(case_id=case_id, more=documents, pictures=counts)


def test_the_case_page_shows_its_pictures_with_words(signed_in: DeskVisitor, task: str) -> None:
    page = signed_in.get(f"/desk/cases/{task}").body.decode()
    assert f'src="/desk/cases/{task}/pictures/0"' in page
    assert f'src="/desk/cases/{task}/pictures/1"' in page
    assert "Wound photo, X-ray, chest" in page
    assert "not for primary diagnosis" in page
    assert "Black boxes on pictures <span>3</span>" in page


def test_a_picture_is_served_under_the_type_of_its_bytes(signed_in: DeskVisitor, task: str) -> None:
    served = [signed_in.get(f"/desk/cases/{task}/pictures/{n}") for n in (0, 1)]
    assert {answer.body for answer in served} == {PHOTO, XRAY}
    for answer in served:
        assert answer.status == 200
        assert answer.headers["content-type"] == pixel_type(answer.body)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["content-disposition"].startswith("inline; filename=")


@pytest.mark.parametrize("n", ["2", "99999999999999999999", "-1", "0.5", "x"])
def test_another_picture_is_not_there(signed_in: DeskVisitor, task: str, n: str) -> None:
    assert signed_in.get(f"/desk/cases/{task}/pictures/{n}").status == 404


def test_only_who_may_see_the_case_sees_its_pictures(world: World, task: str) -> None:
    place = f"/desk/cases/{task}/pictures/0"
    assert DeskVisitor(world).get(place).status in (302, 303, 401)
    other = DeskVisitor(world)
    other.sign_in("halvorsen")
    answer = other.get(place)
    assert answer.status == 404
    assert PHOTO[:40] not in answer.body


def test_a_case_with_a_picture_that_is_none_is_refused(world: World) -> None:
    case_id = tokens.new_case_id()
    forged = wire.picture_document(b"<svg onload='x'/>", "image/png", case_id=case_id)
    answer = world.a.submit(world.a.build(case_id=case_id, more=(forged,)).body)
    assert answer.status == 422
    assert "file-not-admitted" in str(answer.json)
