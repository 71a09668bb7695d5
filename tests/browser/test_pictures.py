"""A picture goes the whole way: looked at, blacked out, confirmed, sent, seen at the desk.

Once with the mouse and scripts; once with the keyboard alone and without scripts, where the
fields over the picture are ticked one by one.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Frame, expect

from confer.demo_plan import DemoPlan
from confer.walker.story import ADELA
from tests.support.chromium import browser
from tests.support.gallery import Gallery
from tests.support.keyboard import Keyboard
from tests.support.people import SLOW, Doctor, Specialist

pytestmark = pytest.mark.browser

STORY = replace(ADELA, specialty="394807007", specialist="banerjee")
_BRIGHTNESS = """async image => {
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
  const pen = canvas.getContext('2d');
  pen.drawImage(image, 0, 0);
  const at = (x, y) => Math.max(...pen.getImageData(x * canvas.width, y * canvas.height, 1, 1)
    .data.slice(0, 3));
  return [at(.1, .03), at(.5, .03), at(.9, .95)];
}"""


def brightness(app: Frame, selector: str) -> list[int]:
    """How bright the label's left end, its right end and the paper are."""
    found: list[int] = app.locator(selector).evaluate(_BRIGHTNESS)
    return found


def test_a_label_is_blacked_out_with_the_mouse_and_the_specialist_sees_the_rest(
    demo: DemoPlan, tmp_path: Path
) -> None:
    gallery = Gallery()
    with browser(tmp_path / "doctor") as hospital, browser(tmp_path / "desk") as desk:
        doctor = Doctor(plan=demo, page=hospital.new_page(), story=STORY, account=1)
        specialist = Specialist(plan=demo, page=desk.new_page(), story=STORY)
        doctor.sign_in()
        doctor.launch()
        app = doctor.app()
        doctor.fill_question(app)
        doctor.check(app)
        expect(app.get_by_role("heading", name="Pictures: 0 of 1 will leave")).to_be_visible()
        app.get_by_role("link", name="Look at the pictures").click()
        expect(app.get_by_role("heading", name="Pictures", exact=True)).to_be_visible()
        gallery.see(doctor.page, "pictures-list")
        app.get_by_role("link", name="ECG strip, photo").click()
        canvas = app.locator("[data-cover] img")
        expect(canvas).to_be_visible(timeout=SLOW)
        assert brightness(app, "[data-cover] img")[1] > 100

        drag(doctor, app, (0.0, 0.0), (1.0, 0.115))
        app.get_by_role("button", name="Black out").first.click()
        expect(app.get_by_role("heading", name="Black boxes: 1")).to_be_visible(timeout=SLOW)
        gallery.see(doctor.page, "picture-covered")
        left, right, paper = brightness(app, "[data-cover] img")
        assert max(left, right) < 16
        assert paper > 200

        app.locator("#looked").check()
        app.get_by_role("button", name="Let it leave").click()
        expect(app.get_by_text("Will leave")).to_be_visible()
        app.get_by_role("link", name="Back to what leaves").click()
        expect(app.get_by_role("heading", name="Pictures: 1 of 1 will leave")).to_be_visible(
            timeout=SLOW
        )
        assert max(brightness(app, ".cf-figures img")[:2]) < 16
        gallery.see(doctor.page, "preview-with-picture")
        doctor.approve(app)

        look_at_the_desk(specialist, gallery)
    assert gallery.found == {}


def look_at_the_desk(specialist: Specialist, gallery: Gallery) -> None:
    """The specialist opens the case: the picture is there, and black where it was covered."""
    specialist.sign_in()
    specialist.wait_for_case()
    specialist.open_newest()
    seen = specialist.page.locator(".cf-figures img")
    seen.scroll_into_view_if_needed()
    expect(seen).to_have_js_property("complete", True)
    assert max(brightness(specialist.page.main_frame, ".cf-figures img")[:2]) < 16
    gallery.see(specialist.page, "desk-with-picture")


def drag(doctor: Doctor, app: Frame, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw a box with the mouse, from one place of the picture to another."""
    app.locator("[data-cover]").scroll_into_view_if_needed()
    area = app.locator("[data-cover] img").bounding_box()
    assert area
    places = [
        (area["x"] + 1 + (area["width"] - 2) * x, area["y"] + 1 + (area["height"] - 2) * y)
        for x, y in (start, end)
    ]
    mouse = doctor.page.mouse
    mouse.move(*places[0])
    mouse.down()
    mouse.move(*places[1], steps=8)
    mouse.up()
    assert app.locator("input[name=cell]:checked").count() == 0


@pytest.mark.parametrize("java_script", [True, False], ids=["scripts", "no scripts"])
def test_a_picture_is_blacked_out_and_confirmed_with_the_keyboard(
    demo: DemoPlan, tmp_path: Path, java_script: bool
) -> None:
    with browser(tmp_path, java_script=java_script) as hospital:
        doctor = Doctor(plan=demo, page=hospital.new_page(), story=STORY, account=2)
        doctor.sign_in()
        doctor.launch()
        app = doctor.app()
        doctor.fill_question(app)
        doctor.check(app)
        keys = Keyboard(page=doctor.page)
        keys.press(app, "a[href$='/pictures']")
        expect(app.get_by_role("heading", name="Pictures", exact=True)).to_be_visible(timeout=SLOW)
        keys.press(app, ".cf-shot a")
        expect(app.locator("[data-cover]")).to_be_visible(timeout=SLOW)
        keys.press(app, "[name=cell]", "Space")
        if java_script:  # one stop for all fields; the arrows walk
            doctor.page.keyboard.press("ArrowRight")
            doctor.page.keyboard.press("Space")
            assert app.evaluate("document.activeElement.value") == "125,0,125,200"
        else:
            keys.press(app, "[name=cell]", "Space")
        keys.press(app, "button[value=cover]")
        expect(app.get_by_role("heading", name="Black boxes: 2")).to_be_visible(timeout=SLOW)
        keys.press(app, "#looked", "Space")
        keys.press(app, "button[value=confirm]")
        expect(app.get_by_text("Will leave")).to_be_visible(timeout=SLOW)
        keys.press(app, ".cf-shot a")
        expect(app.get_by_role("button", name="Keep it here")).to_be_visible(timeout=SLOW)
        keys.press(app, "button[value=take_back]")
        expect(app.get_by_role("button", name="Let it leave")).to_be_visible(timeout=SLOW)
    assert keys.lost == []
