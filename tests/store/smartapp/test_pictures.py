"""The doctor looks at each picture, covers the label, and only then does it leave."""

import base64
import io
import re
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from deid.attachments.picture_bytes import pixel_type
from runtime import audit, json_text, settings
from smartapp.gateway.deid_process import DeidWorkers, PictureJob
from smartapp.gateway.find_text import TextFinder
from smartapp.gateway.picture_choices import seen_mark
from smartapp.store import outbox
from smartapp.web.app import create_app
from smartapp.web.pictures import grid
from tests.support import pictures
from tests.support.canary import Searcher
from tests.support.doctor_visitor import BASE, Doctor, ask_and_approve, visit
from tests.support.gateway import INCLUDE, QUESTION, Hospital, hospital

WITH_PICTURES = (*INCLUDE, "pictures")
TOP_ROW = [cell.value for cell in grid(1400, 800)][:8]
NAMED = ("Marrowby", "40417731", "Abernethy")


@pytest.fixture
def here(tmp_path: Path, deid_workers: DeidWorkers) -> Iterator[Hospital]:
    with hospital(tmp_path, workers=deid_workers) as made:
        yield made


def app_of(here: Hospital, folder: Path) -> Flask:
    made = create_app(here.services, settings.load(overrides={"data_dir": str(folder)}))
    made.testing = False
    return made


@pytest.fixture
def doctor(here: Hospital, tmp_path: Path) -> Doctor:
    made = visit(app_of(here, tmp_path), here)
    made.get("/ask")
    made.post("/ask", **QUESTION, include=list(WITH_PICTURES))
    made.get("/preview")
    return made


def address_of(doctor: Doctor) -> str:
    """The page of the one picture, from the list."""
    found = re.search(r'href="[^"]*(/pictures/[0-9a-f]{12})"', doctor.get("/pictures").text)
    assert found
    return found[1]


def seen_on(page: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]{16})"', page)
    assert found
    return found[1]


def confirm(doctor: Doctor) -> str:
    """Cover the label at the top and let the picture leave; returns its address."""
    address = address_of(doctor)
    doctor.get(address)
    doctor.post(address, do="cover", cell=TOP_ROW)
    page = doctor.get(address).text
    answer = doctor.post(address, do="confirm", looked="yes", seen=seen_on(page))
    assert doctor.path_of(answer) == "/pictures"
    return address


def sent_pictures(body: bytes) -> list[dict[str, Any]]:
    message = json_text.loads(body, max_bytes=50_000_000)
    snapshot = next(
        e["resource"] for e in message["entry"] if e["resource"]["resourceType"] == "Bundle"
    )
    return [
        content["attachment"]
        for entry in snapshot["entry"]
        for content in entry["resource"].get("content", [])
        if content["attachment"]["contentType"].startswith("image/")
    ]


def approved(doctor: Doctor, here: Hospital) -> bytes:
    """Approve, and return the bytes that wait to be sent."""
    case_id = ask_and_approve(doctor, include=WITH_PICTURES)
    services = here.services
    with services.database.read() as session:
        found = outbox.load(session, services.keyring, f"{case_id}.submit.1", site_id="north")
    assert found
    return found.body


def image_of(body: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(body))
    image.load()
    return image


def test_a_picture_stays_until_it_was_looked_at(doctor: Doctor, here: Hospital) -> None:
    preview = doctor.get("/preview").text
    assert "Pictures: 0 of 1 will leave" in preview
    assert "Look at the pictures" in preview
    assert "not confirmed by the doctor" in preview
    assert "Stays here" in doctor.get("/pictures").text
    leaving = approved(doctor, here)
    assert sent_pictures(leaving) == []


def test_a_confirmed_picture_leaves_covered_and_without_its_file(
    doctor: Doctor, here: Hospital
) -> None:
    confirm(doctor)
    preview = doctor.get("/preview").text
    assert "Pictures: 1 of 1 will leave" in preview
    assert "<strong>1</strong> sent as pixels with 8 black boxes" in preview
    leaving = approved(doctor, here)
    (attachment,) = sent_pictures(leaving)
    body = base64.b64decode(attachment["data"])
    assert pixel_type(body) == attachment["contentType"] == "image/jpeg"
    assert not Searcher(NAMED).find(body, "picture")
    image = image_of(body)
    assert image.size == (1400, 800)
    assert max(image.crop((0, 0, 1400, 96)).convert("L").tobytes()) < 16
    assert max(image.crop((0, 120, 1400, 800)).convert("L").tobytes()) > 200


def test_what_the_doctor_sees_is_what_leaves(doctor: Doctor, here: Hospital) -> None:
    address = confirm(doctor)
    shown = doctor.get(f"{address}/large")
    from_bytes = doctor.get("/preview") and doctor.get("/preview/picture/0")
    leaving = approved(doctor, here)
    (attachment,) = sent_pictures(leaving)
    assert shown.data == from_bytes.data == base64.b64decode(attachment["data"])


def test_a_picture_is_served_as_pixels_under_safe_headers(doctor: Doctor) -> None:
    address = address_of(doctor)
    for size in ("small", "large"):
        answer = doctor.get(f"{address}/{size}")
        assert answer.status_code == 200
        assert answer.content_type == pixel_type(answer.data) == "image/jpeg"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Content-Disposition"] == 'inline; filename="picture.jpg"'
        assert not Searcher(NAMED).find(answer.data, "picture")
    assert len(doctor.get(f"{address}/small").data) <= 30_000


def test_faint_writing_shows_under_strong_contrast(doctor: Doctor) -> None:
    address = address_of(doctor)
    plain, strong = (image_of(doctor.get(f"{address}/{n}").data) for n in ("large", "contrast"))
    assert strong.size == plain.size
    assert strong.tobytes() != plain.tobytes()
    assert f"{address}/contrast" in doctor.get(address).text


def test_a_picture_is_served_to_its_own_browser_only(
    doctor: Doctor, here: Hospital, tmp_path: Path
) -> None:
    address = address_of(doctor)
    stranger = app_of(here, tmp_path).test_client()
    for path in (address, f"{address}/large", f"{address}/small", "/pictures"):
        assert stranger.get(f"/s/{doctor.handle}{path}", base_url=BASE).status_code == 401


def test_no_address_says_anything_of_the_patient(doctor: Doctor) -> None:
    confirm(doctor)
    for path in ("/pictures", address_of(doctor), "/preview"):
        page = doctor.get(path).text
        addresses = re.findall(r'(?:src|href|action)="([^"]+)"', page)
        assert not Searcher((*NAMED, "ecg-strip")).find(" ".join(addresses), path)


def test_an_unknown_picture_is_not_found(doctor: Doctor) -> None:
    unknown = "/pictures/0123456789ab"
    for path in (unknown, f"{unknown}/large", "/pictures/x", "/preview/picture/7"):
        assert doctor.get(path).status_code == 404


def test_a_tick_is_needed(doctor: Doctor) -> None:
    address = address_of(doctor)
    page = doctor.get(address).text
    answer = doctor.post(address, do="confirm", seen=seen_on(page))
    assert answer.status_code == 422
    assert "Tick it when you have looked" in answer.text
    assert "Stays here" in doctor.get("/pictures").text


def test_a_confirmation_holds_for_the_boxes_that_were_shown(doctor: Doctor) -> None:
    """Two windows: the boxes were taken off in one, the other still shows them."""
    address = address_of(doctor)
    doctor.get(address)
    doctor.post(address, do="cover", cell=TOP_ROW)
    shown = seen_on(doctor.get(address).text)
    doctor.post(address, do="uncover-0")
    doctor.post(address, do="confirm", looked="yes", seen=shown)
    assert "Stays here" in doctor.get("/pictures").text
    doctor.post(address, do="confirm", looked="yes", seen="made up")
    assert "Stays here" in doctor.get("/pictures").text


def test_any_change_after_it_takes_the_confirmation_back(doctor: Doctor) -> None:
    address = confirm(doctor)
    changes: list[dict[str, Any]] = [
        {"do": "cover", "cell": ["0,900,100,100"]}, {"do": "uncover-3"}, {"do": "take_back"},
    ]  # fmt: skip
    for change in changes:
        page = doctor.get(address).text
        if 'name="seen"' in page:
            doctor.post(address, do="confirm", looked="yes", seen=seen_on(page))
        assert "Will leave" in doctor.get("/pictures").text
        doctor.post(address, **change)
        assert "Will leave" not in doctor.get("/pictures").text
    assert "Pictures: 0 of 1 will leave" in doctor.get("/preview").text


def test_a_box_can_be_typed_in_percent(doctor: Doctor) -> None:
    address = address_of(doctor)
    doctor.get(address)
    doctor.post(address, do="cover", left="0", top="0", right="100", bottom="50")
    page = doctor.get(address).text
    assert "0 to 100 % from the left, 0 to 50 % from the top" in page
    image = image_of(doctor.get(f"{address}/large").data).convert("L")
    assert max(image.crop((0, 0, 1400, 390)).tobytes()) < 16


def test_a_box_that_is_none_is_told_and_changes_nothing(doctor: Doctor) -> None:
    address = address_of(doctor)
    doctor.get(address)
    wrong: list[dict[str, Any]] = [
        {"left": "0", "top": "0", "right": "101", "bottom": "50"},
        {"left": "50", "top": "0", "right": "20", "bottom": "50"},
        {"left": "a", "top": "0", "right": "20", "bottom": "50"},
        {"left": "1"},
        {"cell": ["0,0,2000,1"]},
        {"cell": ["0,0"]},
        {"cell": ["'<b>"]},
    ]
    for typed in wrong:
        answer = doctor.post(address, do="cover", **typed)
        assert answer.status_code == 422, typed
        assert "Give four whole numbers" in answer.text
    assert "Black boxes: 0" in doctor.get(address).text


def test_a_button_without_a_box_changes_nothing(doctor: Doctor) -> None:
    address = confirm(doctor)
    doctor.post(address, do="cover")
    doctor.post(address, do="no such thing")
    assert "Will leave" in doctor.get("/pictures").text


def test_confirming_and_taking_back_are_audited_without_the_digest(
    doctor: Doctor, here: Hospital
) -> None:
    address = confirm(doctor)
    doctor.post(address, do="take_back")
    with here.services.database.read() as session:
        events = [row for row in audit.entries(session) if row.event.startswith("picture.")]
    assert [row.event for row in events] == ["picture.taken_back", "picture.confirmed"]
    assert {row.detail["picture"] for row in events} == {address.rsplit("/", 1)[1]}
    assert {row.detail["boxes"] for row in events} == {8}


def test_the_exact_bytes_show_a_picture_in_short(doctor: Doctor) -> None:
    confirm(doctor)
    doctor.get("/preview")
    page = doctor.get("/preview/bytes")
    assert len(page.data) < 250_000
    assert "/9j/" in page.text
    assert "…" in page.text
    assert "only the first and the last letters are shown" in page.text


def test_a_question_without_pictures_says_nothing_of_them(here: Hospital, tmp_path: Path) -> None:
    made = visit(app_of(here, tmp_path), here)
    made.get("/ask")
    made.post("/ask", **QUESTION, include=list(INCLUDE))
    assert "Pictures:" not in made.get("/preview").text
    assert made.path_of(made.get("/pictures")) == "/preview"


def test_pictures_are_a_group_of_their_own(doctor: Doctor) -> None:
    page = doctor.get("/ask").text
    assert re.search(r'value="pictures"[^>]*checked.*?<strong>Pictures</strong> 1', page, re.S)


# the process that draws


def test_a_picture_that_breaks_the_process_cannot_be_read() -> None:
    workers = DeidWorkers(timeout_seconds=0.0, memory_megabytes=1024, keep_warm=0)
    file = pictures.picture_file(pictures.jpeg(pictures.drawing()))
    drawn = workers.draw(PictureJob(file=file, boxes=(), max_side=100))
    assert getattr(drawn, "reason", "") == "picture cannot be read"


def test_a_broken_picture_says_why_it_stays(tmp_path: Path, deid_workers: DeidWorkers) -> None:
    with hospital(tmp_path, workers=deid_workers) as here:
        for resource in here.chart.resources:
            _break_picture(resource)
        made = visit(app_of(here, tmp_path), here)
        made.get("/ask")
        made.post("/ask", **QUESTION, include=list(WITH_PICTURES))
        made.get("/preview")
        address = address_of(made)
        page = made.get(address)
        assert "This one cannot be sent" in page.text
        assert "Picture cannot be read" in page.text
        assert made.get(f"{address}/large").status_code == 404


def _break_picture(resource: dict[str, Any]) -> None:
    for content in resource.get("content", []):
        attachment = content["attachment"]
        if attachment["contentType"] == "image/jpeg":
            attachment["data"] = attachment["data"][:4000]


# the text finder, a program beside ours


def finder(folder: Path, table: str, *, code: int = 0) -> TextFinder:
    """A stand-in for Tesseract: reads a picture from its input, prints a table."""
    path = folder / "tesseract"
    (folder / "table.tsv").write_text(table, encoding="utf-8")
    path.write_text(f"#!/bin/sh\ncat > {folder}/seen\ncat {folder}/table.tsv\nexit {code}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return TextFinder(command=str(path), seconds=5)


TABLE = """level\tpage\tblock\tpar\tline\tword\tleft\ttop\twidth\theight\tconf\ttext
4\t1\t1\t1\t1\t0\t18\t12\t700\t40\t-1\t
5\t1\t1\t1\t1\t1\t28\t16\t280\t32\t96.1\tMARROWBY,
5\t1\t1\t1\t1\t2\t336\t16\t280\t40\t90.4\tADELA
5\t1\t2\t1\t1\t1\t28\t60\t280\t20\t80.0\t25
5\t1\t3\t1\t1\t1\t0\t0\t9\t9\t0\t \t
"""


def test_found_text_becomes_boxes_and_never_a_confirmation(here: Hospital, tmp_path: Path) -> None:
    with_finder = replace(here.services, text_finder=finder(tmp_path, TABLE))
    app = create_app(with_finder, settings.load(overrides={"data_dir": str(tmp_path)}))
    made = visit(app, here)
    made.get("/ask")
    made.post("/ask", **QUESTION, include=list(WITH_PICTURES))
    made.get("/preview")
    address = address_of(made)
    assert "Suggest boxes over text" in made.get(address).text
    made.post(address, do="suggest")
    page = made.get(address).text
    assert "Black boxes: 2" in page
    assert "1 to 45 % from the left" in page
    assert "Stays here" in made.get("/pictures").text
    seen = (tmp_path / "seen").read_bytes()
    assert pixel_type(seen) == "image/jpeg"
    assert "Marrowby" not in page.split("</section>")[-1].split("Black boxes")[1]


def test_without_a_finder_the_page_says_so(doctor: Doctor) -> None:
    page = doctor.get(address_of(doctor)).text
    assert "No text finder is installed here" in page
    assert "Suggest boxes" not in page
    doctor.post(address_of(doctor), do="suggest")
    assert "Black boxes: 0" in doctor.get(address_of(doctor)).text


@pytest.mark.parametrize(
    ("table", "code"),
    [(TABLE, 1), ("", 0), ("a\tb\n", 0), ("5\t1\t1\t1\t1\t1\t-4\tx\t9\t9\t9\tword\n", 0)],
    ids=["failed", "nothing", "no table", "no numbers"],
)
def test_a_finder_that_fails_suggests_nothing(tmp_path: Path, table: str, code: int) -> None:
    picture = pictures.clean_picture(pictures.drawing())
    assert finder(tmp_path, table, code=code).suggest(picture) == ()
    assert TextFinder(command=str(tmp_path / "none")).suggest(picture) == ()


def test_a_set_of_boxes_has_a_mark() -> None:
    assert seen_mark(()) != seen_mark(pictures.boxes((0, 0, 9, 9)))
