"""Draws the pictures of the personas: `python -m tests.support.draw_pictures`.

Nobody was photographed: a monitor strip and a wound are drawn from formulas. Like a real photo
of a ward each one names its patient in the file (EXIF, a thumbnail, XMP, a comment, bytes
behind the end) and on the label burned into the pixels, which only the doctor can cover.
"""

import math
import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tests.support import pictures

PERSONAS = Path(__file__).resolve().parents[2] / "fixtures" / "personas"
_INK = (28, 30, 34)


def ecg_strip(label: str) -> Image.Image:
    """Twelve seconds of sinus rhythm at 62 with tall, narrow T waves, on pink paper."""
    wide, high = 1400, 800
    image = Image.new("RGB", (wide, high), (250, 236, 232))
    draw = ImageDraw.Draw(image)
    for step, color in ((10, (244, 208, 204)), (50, (232, 170, 166))):
        for x in range(0, wide, step):
            draw.line((x, 0, x, high), fill=color)
        for y in range(0, high, step):
            draw.line((0, y, wide, y), fill=color)
    for name, middle, size in (("II", 270, 1.0), ("V2", 470, 1.5), ("V4", 670, 1.3)):
        draw.text((16, middle - 110), name, fill=_INK, font=ImageFont.load_default(size=26))
        line = [(x, middle - 100 * size * _beat(x / 120)) for x in range(20, wide - 20)]
        draw.line(line, fill=_INK, width=3, joint="curve")
    draw.rectangle((0, 0, wide, 92), fill=(246, 247, 248))
    draw.text((18, 12), label, fill=_INK, font=ImageFont.load_default(size=30))
    words = "25 mm/s  10 mm/mV  62/min"
    draw.text((18, 54), words, fill=_INK, font=ImageFont.load_default(size=24))
    return image


def _beat(seconds: float) -> float:
    """Millivolts of one lead: P wave, QRS, and a T wave as potassium makes it."""
    at = seconds % 0.97
    waves = ((0.16, 0.025, 0.12), (0.30, 0.009, -0.12), (0.325, 0.012, 0.85),
             (0.35, 0.010, -0.22), (0.60, 0.038, 0.72))  # fmt: skip
    return sum(size * math.exp(-(((at - place) / width) ** 2)) for place, width, size in waves)


def wound(label: str) -> Image.Image:
    """A bruise on a forearm beside a paper ruler with a label, soft as from a phone."""
    wide, high = 1200, 900
    image = Image.new("RGB", (wide, high), (58, 84, 92))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((-80, 240, wide + 80, 720), radius=220, fill=(214, 172, 148))
    chance = random.Random(7)  # noqa: S311 - a drawing, the same each time
    for _ in range(260):
        x, y = chance.gauss(620, 110), chance.gauss(470, 62)
        size = chance.uniform(10, 44)
        shade = chance.randint(-22, 22)
        draw.ellipse(
            (x - size, y - size * 0.7, x + size, y + size * 0.7),
            fill=(118 + shade, 62 + shade // 2, 92 + shade),
        )
    image = image.filter(ImageFilter.GaussianBlur(7))
    draw = ImageDraw.Draw(image)
    draw.rectangle((120, 742, 1080, 862), fill=(248, 248, 244))
    for tick in range(0, 960, 24):
        draw.line((120 + tick, 742, 120 + tick, 742 + (26 if tick % 120 == 0 else 14)), fill=_INK)
    draw.text((150, 792), label, fill=_INK, font=ImageFont.load_default(size=40))
    return image


def write() -> None:
    """Write the pictures of all personas that have one."""
    for persona, name, image, who in (
        ("adela", "ecg-strip.jpg",
         ecg_strip("MARROWBY, ADELA RUTH   03/04/1959   MRN 40417731"),
         "Adela Ruth Marrowby, MRN 40417731, photo K. Abernethy RN"),
        ("canary", "forearm.jpg", wound("ZYXQUORBLE  MRNQ-ZORBLAX-4471"),
         "Blorptina Zyxquorble, MRNQ-ZORBLAX-4471, Snarvelik Ward"),
    ):  # fmt: skip
        folder = PERSONAS / persona / "pictures"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(pictures.jpeg(image, who, quality=60))


if __name__ == "__main__":
    write()
